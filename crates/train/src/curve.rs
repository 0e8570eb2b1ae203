//! The learning curve as a picture.

use std::path::Path;

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use crate::error::Error;
use crate::sentiment::Point;

/// Told apart in all common forms of colour blindness (Okabe & Ito 2008).
const BLUE: RGBColor = RGBColor(0, 114, 178);
const RED: RGBColor = RGBColor(213, 94, 0);
const GREY: RGBColor = RGBColor(90, 90, 90);
const SIZE: (u32, u32) = (760, 620);

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Chart<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Draws losses above and held-out accuracy below, over epochs, as SVG. `target` is the accuracy that is asked for.
///
/// # Errors
/// [`Error::Curve`] where the file cannot be written.
pub fn draw(points: &[Point], target: f64, path: &Path) -> Result<(), Error> {
    plot(points, target, path).map_err(|error| Error::Curve(error.to_string()))
}

fn plot(points: &[Point], target: f64, path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let (upper, lower) = root.split_vertically(SIZE.1 / 2);
    let epochs = points.last().map_or(1.0, |point| point.epoch);
    let held_out: Vec<_> = points.iter().map(|point| (point.epoch, point.held_out_loss)).collect();
    let train: Vec<_> = points.iter().filter_map(|point| Some((point.epoch, point.train_loss?))).collect();
    let top = held_out.iter().chain(&train).map(|point| point.1).fold(0.7, f64::max);

    let mut chart = axes(&upper, epochs, 0.0..top * 1.05, "cross-entropy in nats", |value| format!("{value:.1}"))?;
    line(&mut chart, &train, BLUE, "learnt from: mean since the last point")?;
    line(&mut chart, &held_out, RED, "held out")?;
    legend(&mut chart, SeriesLabelPosition::UpperRight)?;

    let accuracy: Vec<_> = points.iter().map(|point| (point.epoch, point.held_out_accuracy)).collect();
    let bottom = accuracy.iter().map(|point| point.1).fold(0.5, f64::min) - 0.02;
    let mut chart = axes(&lower, epochs, bottom..0.9, "held-out accuracy", |value| format!("{:.0} %", value * 100.0))?;
    line(&mut chart, &accuracy, RED, "held out")?;
    let label = format!("asked for: {:.0} %", target * 100.0);
    chart
        .draw_series(DashedLineSeries::new([(0.0, target), (epochs, target)], 6, 4, GREY.stroke_width(1)))?
        .label(label)
        .legend(|(x, y)| PathElement::new([(x, y), (x + 20, y)], GREY));
    legend(&mut chart, SeriesLabelPosition::LowerRight)?;
    root.present()?;
    Ok(())
}

fn axes<'a>(
    area: &Area<'a>,
    epochs: f64,
    values: std::ops::Range<f64>,
    title: &str,
    label: impl Fn(&f64) -> String,
) -> Result<Chart<'a>, Box<dyn std::error::Error>> {
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .x_label_area_size(38)
        .y_label_area_size(58)
        .build_cartesian_2d(0.0..epochs, values)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.12))
        .x_desc("epochs")
        .y_desc(title)
        .x_label_formatter(&|value| format!("{value:.1}"))
        .y_label_formatter(&label)
        .label_style(("sans-serif", 14))
        .draw()?;
    Ok(chart)
}

fn line(
    chart: &mut Chart<'_>,
    points: &[(f64, f64)],
    colour: RGBColor,
    label: &str,
) -> Result<(), Box<dyn std::error::Error>> {
    chart
        .draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)).point_size(3))?
        .label(label)
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(2)));
    Ok(())
}

fn legend(chart: &mut Chart<'_>, position: SeriesLabelPosition) -> Result<(), Box<dyn std::error::Error>> {
    chart
        .configure_series_labels()
        .position(position)
        .background_style(WHITE)
        .border_style(BLACK.mix(0.3))
        .label_font(("sans-serif", 14))
        .draw()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_and_both_axes_are_in_the_picture() {
        let point = |step: usize, train_loss| Point {
            step,
            epoch: step as f64 / 10.0,
            train_loss,
            held_out_loss: 0.69 - step as f64 / 100.0,
            held_out_accuracy: 0.5 + step as f64 / 100.0,
            seconds: 0.0,
        };
        let path = std::env::temp_dir().join(format!("headlight-curve-{}.svg", std::process::id()));
        draw(&[point(0, None), point(10, Some(0.6)), point(20, Some(0.5))], 0.82, &path).unwrap();
        let svg = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        for text in ["cross-entropy in nats", "held-out accuracy", "epochs", "asked for: 82 %"] {
            assert!(svg.contains(text), "{text}");
        }
        assert_eq!(svg.matches("<circle").count(), 2 + 3 + 3);
    }
}

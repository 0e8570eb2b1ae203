//! The grid of all heads: what moves through it, and what is pointed at.

use std::sync::Arc;
use std::time::Duration;

use headlight_document::{Tile, Whose};
use leptos::ev;
use leptos::html::{Canvas, Div};
use leptos::prelude::*;

use super::attention::width_of;
use super::saving;
use crate::app::{App, When};
use crate::browser;
use crate::draw::grid::{Scene, Stage};
use crate::locale::{fill, say};
use crate::state::attention::{Figures, is_blank};
use crate::state::camera::{Camera, Hit, STEP, detail, view};
use crate::state::format::{number, size_of_data};
use crate::state::grid::{Grid, Way};
use crate::state::pieces::named;
use crate::state::sight::Viewer;

/// How long nothing moves before what is in view is drawn exactly.
const REST: Duration = Duration::from_millis(90);
/// As wide as a weight has to be, in CSS pixels, to be pointed at.
const POINTED: f64 = 5.0;
/// Moves of less than this are a click, in CSS pixels.
const CLICK: f64 = 4.0;
/// Nearer than this, the maps that came with the answer are too coarse.
const NEAR: f64 = 1.2;

/// Fingers, or a mouse button, that are down.
#[derive(Clone, Debug, Default)]
struct Hands {
    /// Each pointer's number and where it is.
    down: Vec<(i32, (f64, f64))>,
    /// Whether they have moved so far that it is no click.
    moved: bool,
    began: (f64, f64),
}

/// The grid, which can be come nearer to.
#[component]
pub fn HeadGrid(figures: Memo<Arc<Figures>>, aligning: Memo<Option<((usize, usize), f64)>>) -> impl IntoView {
    let app = App::get();
    let frame = NodeRef::<Div>::new();
    let canvas = NodeRef::<Canvas>::new();
    let width = width_of(frame);
    let cursor = RwSignal::new((0_usize, 0_usize));
    let is_focused = RwSignal::new(false);
    let hovered = RwSignal::new(None::<Hit>);
    let camera = RwSignal::new(Camera::default());
    let hands = StoredValue::new(Hands::default());
    let stage = StoredValue::new_local(Stage::default());
    let resting = StoredValue::new_local(None::<TimeoutHandle>);
    let is_framed = StoredValue::new(false);
    let open = Memo::new(move |_| app.open_head());
    let size = Memo::new(move |_| app.attention(|_, map| (map.rows, map.columns)).unwrap_or_default());
    let labels = app.labels;
    let grid = Memo::new(move |_| {
        let (layers, heads) = app.attention(|_, map| (map.layers, map.heads)).unwrap_or_default();
        Grid::fit(width.get(), layers, heads)
    });
    let tokens = move || {
        let (rows, columns) = size.get_untracked();
        rows.max(columns)
    };

    let pointed =
        move || hovered.get().map(|hit| (hit.layer, hit.head)).or_else(|| is_focused.get().then(|| cursor.get()));
    let marks = Memo::new(move |_| [aligning.get().map(|(head, _)| head), open.get(), pointed()]);
    let with_scene = move |camera: Camera, draw: &mut dyn FnMut(&Scene<'_>)| {
        let (grid, dark) = (grid.get_untracked(), app.dark.get_untracked());
        untrack(|| {
            app.attention(|_, attention| {
                app.sight.with(|sight| {
                    labels.with(|labels| {
                        draw(&Scene {
                            grid,
                            camera,
                            attention,
                            sight,
                            marks: marks.get_untracked(),
                            names: (&labels.0, &labels.1),
                            dark,
                        });
                    });
                });
            })
        });
    };
    let show = move || {
        let Some(canvas) = canvas.get_untracked() else { return };
        with_scene(camera.get_untracked(), &mut |scene| {
            stage.with_value(|stage| stage.show(&canvas, scene));
        });
    };
    let draw = move |is_new: bool| {
        with_scene(camera.get_untracked(), &mut |scene| {
            stage.update_value(|stage| {
                stage.draw(scene, browser::pixel_ratio(), is_new);
            });
        });
        show();
    };
    // Asks for what is in view, as large as it is.
    let look = move || {
        let (grid, camera) = (grid.get_untracked(), camera.get_untracked());
        let (_, _, side) = camera.place(&grid, 0, 0);
        let side = if camera.scale < NEAR { detail(1.0) } else { detail(side * browser::pixel_ratio()) };
        let tile = |(layer, head)| Tile { whose: Whose::Head(layer, head), side };
        app.see(Viewer::Grid, &camera.visible(&grid).into_iter().map(tile).collect::<Vec<_>>());
    };
    let rest = move || {
        if let Some(handle) = resting.try_update_value(Option::take).flatten() {
            handle.clear();
        }
        let handle = set_timeout_with_handle(
            move || {
                look();
                draw(false);
            },
            REST,
        );
        resting.set_value(handle.ok());
    };
    on_cleanup(move || {
        if let Some(handle) = resting.try_update_value(Option::take).flatten() {
            handle.clear();
        }
    });
    // Other heads: what was come near to is no longer there.
    let shape = Memo::new(move |_| app.attention(|_, map| (map.kind, map.layers, map.heads)));
    Effect::new(move |_| {
        shape.track();
        camera.set(Camera::default());
    });
    let drawn = Memo::new(move |_| {
        let number = app.shown.with(|shown| shown.number);
        app.sight.with(|sight| sight.drawn(number))
    });
    // Other maps, another theme or size: everything is drawn anew.
    Effect::new(move |_| {
        if canvas.get().is_none() || width.get() <= 0.0 || drawn.get().is_none() {
            return;
        }
        let (grid, _) = (grid.get(), app.dark.get());
        shape.track();
        camera.update_untracked(|camera| *camera = camera.clamped(&grid, tokens()));
        look();
        draw(true);
    });
    Effect::new(move |_| {
        marks.track();
        show();
    });
    // A step on the way: what was drawn is moved, at most once a frame.
    let go = move |to: Camera| {
        if to == camera.get_untracked() {
            return;
        }
        camera.set(to);
        rest();
        if !is_framed.get_value() {
            is_framed.set_value(true);
            request_animation_frame(move || {
                is_framed.set_value(false);
                show();
            });
        }
    };
    let zoom = move |at: (f64, f64), factor: f64| {
        go(camera.get_untracked().zoomed(&grid.get_untracked(), tokens(), at, factor));
    };
    let middle = move || {
        let grid = grid.get_untracked();
        let (width, height) = view(&grid);
        let head = cursor.get_untracked();
        let (x, y, side) = camera.get_untracked().place(&grid, head.0, head.1);
        match is_focused.get_untracked() {
            true => (x + side / 2.0, y + side / 2.0),
            false => (grid.left + width / 2.0, grid.top + height / 2.0),
        }
    };
    let hit = move |x: f64, y: f64| {
        let (rows, columns) = size.get_untracked();
        camera.get_untracked().at(&grid.get_untracked(), (x, y), rows, columns)
    };
    let place = |event: &ev::PointerEvent| (f64::from(event.offset_x()), f64::from(event.offset_y()));
    let show_head = move |head: (usize, usize)| {
        cursor.set(head);
        app.edit(When::Never, |form| form.head = Some(head));
    };

    let on_down = move |event: ev::PointerEvent| {
        hands.update_value(|hands| {
            hands.down.retain(|(id, _)| *id != event.pointer_id());
            if hands.down.is_empty() {
                (hands.moved, hands.began) = (false, place(&event));
            }
            hands.down.push((event.pointer_id(), place(&event)));
            hands.moved |= hands.down.len() > 1;
        });
        if camera.get_untracked().scale > 1.0
            && let Some(canvas) = canvas.get_untracked()
        {
            // So that a drag goes on outside; what fails is a pointer that is gone.
            let _ = canvas.set_pointer_capture(event.pointer_id());
        }
    };
    let on_move = move |event: ev::PointerEvent| {
        let now = place(&event);
        let before = hands.get_value();
        let Some(at) = before.down.iter().position(|(id, _)| *id == event.pointer_id()) else {
            hovered.set(hit(now.0, now.1));
            return;
        };
        let was = before.down[at].1;
        let far = (now.0 - before.began.0).abs().max((now.1 - before.began.1).abs());
        hands.update_value(|hands| {
            if let Some(pointer) = hands.down.get_mut(at) {
                pointer.1 = now;
            }
            hands.moved |= far > CLICK;
        });
        let grid = grid.get_untracked();
        let other = before.down.iter().enumerate().find(|(index, _)| *index != at).map(|(_, (_, at))| *at);
        if let Some(other) = other {
            let apart = |(x, y): (f64, f64)| (x - other.0).hypot(y - other.1).max(1.0);
            let centre = ((now.0 + other.0) / 2.0, (now.1 + other.1) / 2.0);
            zoom(centre, apart(now) / apart(was));
        } else if hands.with_value(|hands| hands.moved) {
            go(camera.get_untracked().moved(&grid, tokens(), (was.0 - now.0, was.1 - now.1)));
        }
    };
    let on_up = move |event: ev::PointerEvent| {
        hands.update_value(|hands| hands.down.retain(|(id, _)| *id != event.pointer_id()));
    };
    let on_wheel = move |event: ev::WheelEvent| {
        // The wheel alone scrolls the page; with Control, which is how a pinch on a touchpad arrives, it comes nearer.
        if event.ctrl_key() || event.meta_key() {
            event.prevent_default();
            let lines = if event.delta_mode() == 0 { 1.0 } else { 30.0 };
            let at = (f64::from(event.offset_x()), f64::from(event.offset_y()));
            zoom(at, (-event.delta_y() * lines / 240.0).clamp(-1.0, 1.0).exp2());
        }
    };
    let on_key = move |event: ev::KeyboardEvent| {
        let here_grid = grid.get_untracked();
        let here = cursor.get_untracked();
        let step = |to: (usize, usize)| {
            cursor.set(to);
            go(camera.get_untracked().showing(&here_grid, tokens(), to));
        };
        match event.key().as_str() {
            "Enter" | " " => {
                show_head(here);
                // The map takes the keyboard once it is on the page.
                set_timeout(|| browser::focus("head-map"), Duration::from_millis(30));
            }
            "Home" => step((0, 0)),
            "End" => step((here_grid.layers.saturating_sub(1), here_grid.heads.saturating_sub(1))),
            "Escape" => app.edit(When::Never, |form| form.head = None),
            "+" | "=" => zoom(middle(), STEP),
            "-" => zoom(middle(), 1.0 / STEP),
            "0" => go(Camera::default()),
            key => match Way::of(key) {
                Some(way) => step(here_grid.go(here, way)),
                None => return,
            },
        }
        hovered.set(None);
        event.prevent_default();
    };

    let described = move |(layer, head): (usize, usize)| {
        figures.with(|figures| {
            let at = layer * figures.heads + head;
            match (figures.entropy.get(at), figures.distance.get(at)) {
                (Some(&entropy), _) if aligning.get().is_some() => {
                    fill("grid.entropy", &[&layer, &head, &number(entropy)])
                }
                (Some(&entropy), Some(&distance)) => {
                    fill("grid.both", &[&layer, &head, &number(entropy), &number(distance)])
                }
                _ => fill("grid.head", &[&layer, &head]),
            }
        })
    };
    // One weight, where it is large enough to be meant and known exactly.
    let weighed = move |hit: Hit| {
        let Hit { layer, head, row, column } = hit;
        let (rows, columns) = size.get();
        let (_, _, side) = camera.get().place(&grid.get(), layer, head);
        let is_blank = app.attention(|_, attention| is_blank(attention.kind, row, column)).unwrap_or(true);
        if side / (rows.max(columns).max(1) as f64) < POINTED || is_blank {
            return None;
        }
        let weight = app.exact(Whose::Head(layer, head), |map| map.get(row * columns + column).copied()).flatten()?;
        let (from, to) = labels.with(|labels| (named(&labels.0, row), named(&labels.1, column)));
        let weight = number(f64::from(weight));
        Some(fill("grid.weight", &[&layer, &head, &row, &from, &column, &to, &weight]))
    };
    let readout = move || {
        let weight = hovered.get().and_then(weighed);
        weight.or_else(|| pointed().or(open.get()).map(described)).unwrap_or_else(|| "\u{a0}".to_owned())
    };
    let carried = move || {
        let whole = app.attention(|_, map| map.layers * map.heads * map.rows * map.columns * size_of::<f32>())?;
        let came = app.sight.with(|sight| sight.bytes());
        let has_more = came < whole;
        let is_gone = app.sight.with(|sight| sight.is_gone());
        Some(match (is_gone, has_more) {
            (true, _) => say("grid.gone").to_owned(),
            (false, true) => fill("grid.part", &[&size_of_data(came as u64), &size_of_data(whole as u64)]),
            (false, false) => fill("grid.whole", &[&size_of_data(whole as u64)]),
        })
    };
    let is_near = Memo::new(move |_| camera.get().scale > 1.0);
    view! {
        <div class="grid-frame" node_ref=frame>
            <div class="grid-tools" role="group" aria-label=say("grid.zoom")>
                <button
                    type="button"
                    class="quiet"
                    data-testid="grid-farther"
                    aria-label=say("grid.farther")
                    aria-disabled=move || (!is_near.get()).to_string()
                    on:click=move |_| zoom(middle(), 1.0 / STEP)
                >
                    "−"
                </button>
                <button
                    type="button"
                    class="quiet"
                    data-testid="grid-nearer"
                    aria-label=say("grid.nearer")
                    on:click=move |_| zoom(middle(), STEP)
                >
                    "+"
                </button>
                <button
                    type="button"
                    class="quiet"
                    data-testid="grid-whole"
                    aria-disabled=move || (!is_near.get()).to_string()
                    on:click=move |_| go(Camera::default())
                >
                    {say("grid.all")}
                </button>
                <span class="caption" data-testid="carried" data-bytes=move || app.sight.with(|sight| sight.bytes())>
                    {carried}
                </span>
                {saving::grid(app)}
            </div>
            // Half of what happens on the canvas is heard here: leptos knows no more than 26 attributes of one element.
            <div
                class="grid-stage"
                class:near=move || is_near.get()
                on:pointermove=on_move
                on:pointerup=on_up
                on:pointercancel=on_up
                on:pointerleave=move |_| hovered.set(None)
                on:wheel=on_wheel
                on:dblclick=move |event| {
                    let (x, y) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
                    if let Some(hit) = hit(x, y) {
                        go(Camera::before(&grid.get_untracked(), tokens(), (hit.layer, hit.head)));
                    }
                }
            >
                <canvas
                    id="head-grid"
                    node_ref=canvas
                    data-testid="grid-canvas"
                    data-layers=move || grid.get().layers
                    data-heads=move || grid.get().heads
                    data-across=move || grid.get().across.to_string()
                    data-left=move || grid.get().left
                    data-top=move || grid.get().top
                    data-pitch=move || grid.get().pitch
                    data-camera=move || {
                        let Camera { scale, x, y } = camera.get();
                        format!("{scale} {x} {y}")
                    }
                    tabindex="0"
                    role="application"
                    aria-roledescription=say("grid.role")
                    aria-label=say("grid.label")
                    aria-describedby="grid-readout"
                    on:keydown=on_key
                    on:pointerdown=on_down
                    on:click=move |event| {
                        let (x, y) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
                        if !hands.with_value(|hands| hands.moved)
                            && let Some(hit) = hit(x, y)
                        {
                            show_head((hit.layer, hit.head));
                        }
                    }
                    on:focus=move |_| {
                        if let Some(head) = open.get_untracked() {
                            cursor.set(head);
                        }
                        is_focused.set(true);
                    }
                    on:blur=move |_| is_focused.set(false)
                ></canvas>
                <span class="grid-axis grid-axis-x" aria-hidden="true">
                    {move || if grid.get().across { say("grid.axis.layer") } else { say("grid.axis.head") }}
                </span>
                <span class="grid-axis grid-axis-y" aria-hidden="true">
                    {move || if grid.get().across { say("grid.axis.head") } else { say("grid.axis.layer") }}
                </span>
            </div>
            <p class="readout" id="grid-readout" data-testid="grid-readout" aria-live="polite">{readout}</p>
        </div>
    }
}

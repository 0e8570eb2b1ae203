//! A picture of few colours as PNG: what a drawing holds where its cells would be too many shapes.

use crate::colour::Rgb;

/// Encodes pixels, each the place of its colour in `palette` (at most 256), row by row.
#[must_use]
pub fn encode(width: usize, height: usize, pixels: &[u8], palette: &[Rgb]) -> Vec<u8> {
    let mut header = Vec::with_capacity(13);
    header.extend((width as u32).to_be_bytes());
    header.extend((height as u32).to_be_bytes());
    // Eight bits, by palette, the one compression, the one set of filters, not interlaced.
    header.extend([8, 3, 0, 0, 0]);
    let colours: Vec<u8> = palette.iter().flat_map(|colour| [colour.0, colour.1, colour.2]).collect();
    // Each row begins with its filter: none.
    let rows: Vec<u8> =
        pixels.chunks(width.max(1)).flat_map(|row| std::iter::once(0).chain(row.iter().copied())).collect();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, b"IHDR", &header);
    chunk(&mut png, b"PLTE", &colours);
    chunk(&mut png, b"IDAT", &miniz_oxide::deflate::compress_to_vec_zlib(&rows, 6));
    chunk(&mut png, b"IEND", &[]);
    png
}

fn chunk(png: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    png.extend((data.len() as u32).to_be_bytes());
    let from = png.len();
    png.extend(name);
    png.extend(data);
    let sum = png.get(from..).map_or(0, crc);
    png.extend(sum.to_be_bytes());
}

// CRC-32 as PNG (ISO 3309) has it, bit by bit: pictures are small.
fn crc(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
    };
    !bytes.iter().fold(!0, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_standard() {
        assert_eq!(crc(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc(b"IEND"), 0xae42_6082);
    }

    #[test]
    fn pixels_come_back() {
        let png = encode(3, 2, &[0, 1, 2, 2, 1, 0], &[Rgb(0, 0, 0), Rgb(1, 2, 3), Rgb(255, 0, 9)]);
        assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
        assert_eq!(&png[16..29], [0, 0, 0, 3, 0, 0, 0, 2, 8, 3, 0, 0, 0]);
        let data = png.windows(4).position(|name| name == b"IDAT").unwrap();
        let size = u32::from_be_bytes(png[data - 4..data].try_into().unwrap()) as usize;
        let rows = miniz_oxide::inflate::decompress_to_vec_zlib(&png[data + 4..data + 4 + size]).unwrap();
        assert_eq!(rows, [0, 0, 1, 2, 0, 2, 1, 0]);
    }
}

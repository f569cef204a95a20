//! The checksum of HJ 212 (annex A). Not that of Modbus, although it shares its polynomial: here the low byte of the
//! register is dropped before each byte, so only 256 results exist. It finds broken lines, not forgers.

/// Result of the bitwise loop for each value that the register can have.
const TABLE: [u16; 256] = table();

const fn table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = index as u16;
        let mut step = 0;
        while step < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xA001 } else { crc >> 1 };
            step += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

/// Checksum of a data segment in the clear, from `QN=` to the last `&&`. Written as four hexadecimal digits, high byte first.
#[must_use]
pub fn crc(segment: &[u8]) -> u16 {
    segment.iter().fold(0xFFFF, |crc: u16, byte| TABLE[usize::from((crc >> 8) as u8 ^ byte)])
}

/// The four digits after a data segment, in either case; `None` when they are no hexadecimal digits.
#[must_use]
pub fn digits(field: [u8; 4]) -> Option<u16> {
    field.iter().try_fold(0, |crc: u16, byte| {
        let digit = char::from(*byte).to_digit(16)?;
        Some(crc << 4 | digit as u16)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, bit by bit.
    fn by_the_book(bytes: &[u8]) -> u16 {
        let mut crc: u16 = 0xFFFF;
        for byte in bytes {
            crc = (crc >> 8) ^ u16::from(*byte);
            for _ in 0..8 {
                crc = if crc & 1 == 1 { (crc >> 1) ^ 0xA001 } else { crc >> 1 };
            }
        }
        crc
    }

    #[test]
    fn the_examples_of_both_standards_are_met() {
        let of_2017 =
            b"QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&";
        let of_2025 = b"QN=20240601085857223;ST=32;CN=1011;PW=123456;MN=010000A8900016F000169DC0;Flag=9;CP=&&&&";
        assert_eq!(crc(of_2017), 0x1C80);
        assert_eq!(crc(of_2025), 0x2200);
    }

    #[test]
    fn the_table_is_the_definition() {
        let bytes: Vec<u8> = (0..4096_u32).map(|n| ((n * n) >> 3) as u8).collect();
        for end in 0..bytes.len() {
            assert_eq!(crc(&bytes[..end]), by_the_book(&bytes[..end]), "{end} bytes");
        }
    }

    #[test]
    fn digits_are_read_in_either_case() {
        assert_eq!(digits(*b"1C80"), Some(0x1C80));
        assert_eq!(digits(*b"1c80"), Some(0x1C80));
        assert_eq!(digits(*b"+C80"), None);
        assert_eq!(digits(*b"1C8\r"), None);
    }
}

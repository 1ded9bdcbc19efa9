//! Lines of input, none of which may fill the memory.

use std::io::{self, BufRead as _, BufReader, Read};

/// The lines of an input, one after the other in the same memory.
pub(crate) struct Lines<R> {
    input: BufReader<R>,
    line: Vec<u8>,
    number: u64,
}

/// One line, without its end.
#[derive(Debug, PartialEq)]
pub(crate) enum Line<'a> {
    Whole(&'a [u8]),
    /// Longer than [`LONGEST`]; the rest was passed over.
    TooLong,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(input: R) -> Self {
        Self {
            input: BufReader::with_capacity(BUFFER, input),
            line: Vec::new(),
            number: 0,
        }
    }

    /// Whether the next line may have to be waited for.
    pub(crate) fn may_wait(&self) -> bool {
        !self.input.buffer().contains(&b'\n')
    }

    /// The next line and its number, counted from 1; `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<(u64, Line<'_>)>> {
        self.line.clear();
        let mut too_long = false;
        let mut any = false;
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                break;
            }
            any = true;
            // This looks for the end word by word.
            let used = { chunk }.skip_until(b'\n')?;
            let whole = chunk[..used].strip_suffix(b"\n");
            let part = whole.unwrap_or(chunk);
            let ends = whole.is_some();
            too_long |= self.line.len() + part.len() > LONGEST;
            if !too_long {
                self.line.extend_from_slice(part);
            }
            self.input.consume(used);
            if ends {
                break;
            }
        }
        if !any {
            return Ok(None);
        }
        self.number += 1;
        let line = match too_long {
            true => Line::TooLong,
            false => Line::Whole(&self.line),
        };
        Ok(Some((self.number, line)))
    }
}

/// A question of a megabyte is none: requests are limited to a tenth of that nearly everywhere.
pub(crate) const LONGEST: usize = 1 << 20;

/// As much as a pipe of Linux holds.
const BUFFER: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(text: &[u8]) -> Vec<Option<usize>> {
        let mut lines = Lines::new(text);
        let mut lengths = Vec::new();
        while let Some((number, line)) = lines.next().unwrap() {
            lengths.push(match line {
                Line::Whole(line) => Some(line.len()),
                Line::TooLong => None,
            });
            assert_eq!(number, lengths.len() as u64);
        }
        lengths
    }

    #[test]
    fn lines_end_at_newlines_and_at_the_end() {
        assert_eq!(lengths(b""), []);
        assert_eq!(lengths(b"a"), [Some(1)]);
        assert_eq!(lengths(b"a\n\nbc\n"), [Some(1), Some(0), Some(2)]);
        assert_eq!(lengths(b"\n\n"), [Some(0), Some(0)]);
    }

    #[test]
    fn a_line_too_long_is_passed_over_and_the_next_is_whole() {
        let mut text = vec![b'x'; LONGEST];
        text.push(b'\n');
        assert_eq!(lengths(&text), [Some(LONGEST)]);
        text.insert(0, b'x');
        text.extend_from_slice(b"a\n");
        assert_eq!(lengths(&text), [None, Some(1)]);
    }
}

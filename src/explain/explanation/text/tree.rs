//! Lines under lines.

use std::fmt;

/// A line with those below it.
#[derive(Debug)]
pub(super) struct Node {
    line: String,
    below: Vec<Self>,
}

impl Node {
    pub(super) fn new(line: impl Into<String>) -> Self {
        Self {
            line: line.into(),
            below: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, node: Self) {
        self.below.push(node);
    }

    pub(super) fn extend(&mut self, nodes: impl IntoIterator<Item = Self>) {
        self.below.extend(nodes);
    }

    /// The node with these lines below it.
    pub(super) fn over(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.extend(lines.into_iter().map(Self::new));
        self
    }

    fn below(&self, f: &mut fmt::Formatter<'_>, indent: &str) -> fmt::Result {
        for (number, node) in self.below.iter().enumerate() {
            let last = number + 1 == self.below.len();
            let (branch, stem) = if last {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            let inner = format!("{indent}{stem}");
            // Where a long line goes on, the stem of what is below it goes on, too.
            let hang = if node.below.is_empty() { "  " } else { "│ " };
            let rest = format!("{inner}{hang}");
            let mut lines = wrapped(&node.line, WIDTH.saturating_sub(rest.chars().count()));
            let first = lines.next().unwrap_or_default();
            writeln!(f, "{}", format_args!("{indent}{branch}{first}"))?;
            for line in lines {
                writeln!(f, "{rest}{line}")?;
            }
            node.below(f, &inner)?;
        }
        Ok(())
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.line)?;
        self.below(f, "")
    }
}

/// A text without a tree.
pub(super) fn paragraph(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    wrapped(text, WIDTH).try_for_each(|line| writeln!(f, "{line}"))
}

/// The lines of a text, broken at spaces.
fn wrapped(text: &str, width: usize) -> impl Iterator<Item = String> {
    let width = width.max(NARROWEST);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut long = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if !line.is_empty() && long + 1 + length > width {
            lines.push(std::mem::take(&mut line));
            long = 0;
        }
        if !line.is_empty() {
            line.push(' ');
            long += 1;
        }
        line.push_str(word);
        long += length;
    }
    lines.push(line);
    lines.into_iter()
}

const WIDTH: usize = 100;
const NARROWEST: usize = 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_hangs_on_a_stem() {
        let mut root = Node::new("root");
        root.push(Node::new("a").over(["b".to_owned(), "c".to_owned()]));
        root.push(Node::new("d").over(["e".to_owned()]));
        let drawn = "root\n├─ a\n│  ├─ b\n│  └─ c\n└─ d\n   └─ e\n";
        assert_eq!(root.to_string(), drawn);
    }

    #[test]
    fn long_lines_are_broken_at_spaces() {
        let mut root = Node::new("root");
        root.push(Node::new("word ".repeat(30).trim().to_owned()).over(["e".to_owned()]));
        let text = root.to_string();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(
            lines[1].starts_with("└─ word") && lines[2].starts_with("   │ word"),
            "{text}"
        );
        assert!(
            lines.iter().all(|line| line.chars().count() <= WIDTH),
            "{text}"
        );
        let one = "x".repeat(300);
        assert_eq!(wrapped(&one, 100).collect::<Vec<_>>(), [one.as_str()]);
    }
}

use crate::policy::Place;
use crate::policy::tree::Node;

/// A document after reading, kept for what is found later.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) source: usize,
    pub(super) file: Option<String>,
    /// `document 2`, or `VirtualService prod/reviews`.
    pub(super) label: String,
    pub(super) root: Node,
}

/// Findings are told in the order of the text: source, line, column.
pub(super) type Rank = (usize, u32, u32);

impl Origin {
    pub(super) fn complete(&self, mut place: Place) -> Place {
        place.file = self.file.clone();
        place.document = self.label.clone();
        place
    }

    pub(super) fn rank(&self, place: &Place) -> Rank {
        let number = |part: Option<u32>| part.unwrap_or_default();
        (self.source, number(place.line), number(place.column))
    }
}

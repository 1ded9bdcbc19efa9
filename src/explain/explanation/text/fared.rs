//! What became of it behind its rule: faults, CORS, limits, the rule's own answer, the split.

use crate::explain::Outcome;
use crate::explain::explanation::split::{Arm, How};
use crate::explain::explanation::steps::{FaultKind, Sharing};
use crate::explain::explanation::summary::percent;
use crate::explain::explanation::text::Readable;
use crate::explain::explanation::text::tree::Node;
use crate::explain::explanation::text::words::{at, header_of, point, time};

impl Readable<'_> {
    pub(super) fn faults(&self) -> Vec<Node> {
        let faults = self.explanation.faults.iter().map(|fault| {
            let share = percent(fault.share);
            let does = match fault.kind {
                FaultKind::Delay => {
                    let pause = time(fault.delay_ms.unwrap_or_default());
                    format!("fault: {share} of requests are held back for {pause}")
                }
                FaultKind::Abort => {
                    let status = fault.status.unwrap_or_default();
                    format!("fault: {share} of requests are answered with {status}")
                }
            };
            let drawn = fault.draw.map(|draw| match draw.met {
                true => format!("; this one is ({} was drawn)", point(draw.point)),
                false => format!("; this one is not ({} was drawn)", point(draw.point)),
            });
            Node::new(format!("{does}{}", drawn.unwrap_or_default()))
        });
        faults.collect()
    }

    pub(super) fn cors(&self) -> Option<Node> {
        let cors = self.explanation.cors.as_ref()?;
        let origin = cors.origin.join(", ");
        Some(Node::new(match cors.sharing {
            Sharing::NoOrigin => "cors: nothing is done, as no page of another origin asks".into(),
            Sharing::Marked => format!("cors: the page {origin} may read the answer"),
            Sharing::NotAllowed => format!("cors: the origin {origin} is not allowed"),
            Sharing::Answered => format!("cors: the preflight of {origin} is answered here"),
            Sharing::AnsweredEmpty => format!(
                "cors: the preflight of {origin}, which is not allowed, is answered with nothing"
            ),
            Sharing::PassedOn => format!(
                "cors: the origin {origin} is not allowed; its preflight goes on as any request"
            ),
        }))
    }

    pub(super) fn limits(&self) -> Vec<Node> {
        let limits = self.explanation.limits.iter().map(|limit| {
            let (name, left, capacity) = (&limit.name, limit.left, limit.capacity);
            let whose = match (&limit.by, &limit.key) {
                (None, _) => String::new(),
                (Some(by), None) => format!(" for requests without {by}"),
                (Some(by), Some(key)) => {
                    format!(" for {by} {}", self.quoted(header_of(by), key))
                }
            };
            let left = match limit.wait_ms {
                None => format!("{left} of {capacity} left"),
                Some(wait) => format!("used up, 0 of {capacity} left; one more in {}", time(wait)),
            };
            Node::new(format!("limit `{name}`{whose}: {left}"))
        });
        limits.collect()
    }

    /// What the policy says itself.
    pub(super) fn reply(&self) -> Option<Node> {
        let answer = &self.explanation.answer;
        let status = answer.status?;
        let own = matches!(answer.outcome, Outcome::Redirect | Outcome::Respond);
        if !own {
            // The sentence has said it.
            return None;
        }
        let node = Node::new(match answer.outcome {
            Outcome::Redirect => format!("redirected with {status}"),
            _ => format!("answered with {status}"),
        });
        let headers = { answer.headers.iter() }
            .map(|(name, value)| format!("{name}: {}", self.value(name, value)));
        let body = answer.body.iter().map(|body| {
            let body = crate::policy::wording::shortened(body);
            format!("body {body:?}")
        });
        Some(node.over(headers.chain(body)))
    }

    pub(super) fn split(&self) -> Option<Node> {
        let split = self.explanation.split.as_ref()?;
        let by = split.by.as_deref().unwrap_or_default();
        // Where there is nothing to choose, the way there says it.
        if split.how == How::Sole && !self.explanation.passages.is_empty() {
            return None;
        }
        let how = match split.how {
            How::Sole => match split.arms.as_slice() {
                [only] => return Some(Node::new(format!("destination: {}", self.arm(only)))),
                _ => "destinations: one has everything".to_owned(),
            },
            How::Shares if by.is_empty() => "destinations, by weight".to_owned(),
            How::Shares => {
                format!("destinations, by weight: without {by} each request is drawn for")
            }
            How::Drawn => {
                let point = point(split.draw.unwrap_or_default());
                format!("destinations, by weight: {point} was drawn")
            }
            How::Kept => format!("destinations: the caller is kept at one by {by}"),
            How::Settled => {
                format!("destinations: the caller gets a {by} and stays where it leads")
            }
            How::Nobody => "destinations: none has any weight".to_owned(),
        };
        let chosen = split.how != How::Shares;
        let mut start = 0.0;
        let arms = split.arms.iter().map(|arm| {
            let mark = match (arm.open, chosen) {
                (true, true) => "✓ ",
                (false, true) => "· ",
                _ => "",
            };
            let from = start;
            start += arm.share;
            let part = match split.how {
                How::Drawn if arm.share > 0.0 => {
                    format!(" ({} to {})", point(from), point(start))
                }
                _ => String::new(),
            };
            let share = percent(arm.share);
            format!("{mark}{share}{part} to {}", self.arm(arm))
        });
        let arms: Vec<_> = arms.collect();
        Some(Node::new(how).over(arms))
    }

    fn arm(&self, arm: &Arm) -> String {
        let subset = { arm.subset.as_ref() }.map(|subset| format!(", subset {subset}"));
        let subset = subset.unwrap_or_default();
        let missing = { arm.missing.as_ref() }.map(|missing| {
            format!(
                ": {}, so it is answered with {}",
                missing.because, missing.status
            )
        });
        let at = at(arm.at.as_ref());
        let service = match arm.service.as_str() {
            "" => "what is not permitted",
            service => service,
        };
        format!("{service}{subset}{at}{}", missing.unwrap_or_default())
    }
}

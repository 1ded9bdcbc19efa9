use crate::policy::tree::Node;

/// A document of Kubernetes: it says what it is, as native ones do not.
pub(super) enum Foreign<'a> {
    /// It has nothing to do with traffic.
    Irrelevant(Option<&'a str>),
    /// It has, but cannot be imported yet.
    Traffic(Option<&'a str>),
}

/// Says what a document is, if it is not native.
pub(super) fn foreign(root: &Node) -> Option<Foreign<'_>> {
    let (group, kind) = (root.get("apiVersion"), root.get("kind"));
    if group.is_none() && kind.is_none() {
        return None;
    }
    let kind = kind.and_then(Node::as_str);
    let group = group.and_then(Node::as_str).unwrap_or_default();
    let group = group.split('/').next().unwrap_or_default();
    let shapes_traffic = group.ends_with("istio.io")
        || group == "gateway.networking.k8s.io"
        || matches!(
            kind,
            None | Some("Service" | "Endpoints" | "EndpointSlice" | "Ingress" | "List")
        );
    Some(if shapes_traffic {
        Foreign::Traffic(kind)
    } else {
        Foreign::Irrelevant(kind)
    })
}

use std::fmt::{Debug, Display};
use std::str::FromStr;
use tower_mesh::policy::{
    Address, Door, Header, HeaderText, Host, Path, Pattern, Percent, Span, Status,
};

/// Reads a value from its text form, writes it, and reads it again: it is the same. So it is for
/// durations and for everything else that has a text form.
pub fn duration(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    same::<Span>(text);
    same::<Address>(text);
    same::<Host>(text);
    same::<Door>(text);
    same::<Pattern>(text);
    same::<Path>(text);
    same::<Header>(text);
    same::<HeaderText>(text);
    if let Some(share) = text
        .parse()
        .ok()
        .and_then(|share: f64| Percent::try_from(share).ok())
    {
        let written = serde_json::to_string(&share).expect("a share is a number");
        assert_eq!(
            serde_json::from_str::<Percent>(&written).ok(),
            Some(share),
            "{text:?}"
        );
        let shown = share.to_string();
        let shown = shown
            .trim_end_matches('%')
            .parse::<f64>()
            .map(Percent::try_from);
        assert_eq!(shown, Ok(Ok(share)), "{text:?}");
    }
    if let Some(status) = text
        .parse()
        .ok()
        .and_then(|status: u16| Status::try_from(status).ok())
    {
        assert_eq!(status.to_string(), status.get().to_string());
        assert_eq!(Status::try_from(status.get()), Ok(status));
    }
}

fn same<T: FromStr<Err: Display> + Display + Debug + PartialEq>(text: &str) {
    match text.parse::<T>() {
        Ok(value) => {
            let written = value.to_string();
            match written.parse::<T>() {
                Ok(again) => assert_eq!(again, value, "{text:?} was written as {written:?}"),
                Err(error) => panic!("{text:?} was written as {written:?}: {error}"),
            }
            assert_eq!(value.to_string(), written);
        }
        // It quotes a part of the text, however long that is.
        Err(error) => assert!(error.to_string().len() < 1_000, "{error}"),
    }
}

use super::*;

fn first(text: &str) -> Document {
    documents(text).remove(0)
}

fn troubles(text: &str) -> Vec<String> {
    documents(text)
        .iter()
        .flat_map(|document| &document.troubles)
        .map(|trouble| {
            let Mark { line, column } = trouble.at;
            format!("{line}:{column} {} {}", trouble.trail, trouble.message)
        })
        .collect()
}

#[test]
fn every_value_knows_its_line_and_column() {
    let root = first("a: 1\nb:\n  - x\n  - { c: true }\n").root.unwrap();
    let place = |trail: &Trail| {
        let (_, at, _) = root.follow(trail);
        (at.line, at.column)
    };
    let top = Trail::default();
    assert_eq!(place(&top.key("a")), (1, 4));
    assert_eq!(place(&top.key("b")), (2, 1));
    assert_eq!(place(&top.key("b").index(0)), (3, 5));
    assert_eq!(place(&top.key("b").index(1).key("c")), (4, 10));
    assert_eq!(place(&top.key("b").index(7)), (2, 1));
}

#[test]
fn json_is_read_likewise() {
    let root = first("{\"a\": [1, null, \"x\\u00fc\"]}").root.unwrap();
    let Some(Node {
        value: Value::Sequence(items),
        ..
    }) = root.get("a")
    else {
        panic!("no list: {root:?}");
    };
    assert_eq!(items[2].as_str(), Some("xü"));
    assert!(items[1].is_null());
}

#[test]
fn a_syntax_error_ends_its_own_document_only() {
    let stream =
        documents("a: 1\n---\nb: [1, 2\n---\nc: |\n  text\n   --- no marker\n---\n\n---\nd: 4\n");
    let numbers: Vec<_> = stream
        .iter()
        .map(|document| (document.number, document.root.is_some()))
        .collect();
    assert_eq!(numbers, [(1, true), (2, false), (3, true), (5, true)]);
    assert_eq!(stream[1].troubles[0].at.line, 3);
}

#[test]
fn a_key_that_is_there_twice_is_one_error_and_the_rest_is_read() {
    let text = "s:\n  a: 1\n  a: 2\n  b: 3\n";
    assert_eq!(
        troubles(text),
        ["3:3 s.a the key `a` is there already, on line 2"]
    );
    assert!(
        first(text)
            .root
            .unwrap()
            .get("s")
            .unwrap()
            .get("b")
            .is_some()
    );
}

#[test]
fn a_star_without_quotes_is_told_to_have_quotes() {
    let stream = documents("hosts: [*.example.com, a]\n");
    assert_eq!(
        troubles("hosts: [*.example.com, a]\n"),
        ["1:9 hosts[0] there is no anchor `.example.com`"]
    );
    assert!(stream[0].troubles[0].advice.contains("in quotes"));
    assert!(
        documents("hosts:\n  - *\n")[0].troubles[0]
            .advice
            .contains("in quotes")
    );
}

#[test]
fn an_alias_is_its_value_and_a_loop_is_an_error() {
    let root = first("a: &x { k: v }\nb: *x\n").root.unwrap();
    assert_eq!(root.get("b").unwrap().get("k").unwrap().as_str(), Some("v"));
    assert_eq!(
        troubles("a: &x [*x]\n"),
        ["1:8 a[0] this alias stands inside what it refers to"]
    );
}

#[test]
fn what_is_no_text_cannot_be_a_key() {
    for text in ["[a, b]: 1\n", "~: 1\n", "? { a: b }\n: 1\n", "{ [a]: 1 }"] {
        assert!(troubles(text)[0].contains("stands for a key"), "{text}");
    }
}

#[test]
fn tags_choose_text_or_are_refused() {
    let root = first("a: !!str 1\nb: ! 2\n").root.unwrap();
    assert_eq!(root.get("a").unwrap().as_str(), Some("1"));
    assert!(troubles("a: !!str 1\nb: !!map {}\nc: !!int 3\n").is_empty());
    assert_eq!(
        troubles("a: !include x\n"),
        ["1:13 a the tag `!include` means nothing here"]
    );
}

#[test]
fn hostile_documents_end_in_one_error() {
    let bomb = (1..30).fold(
        "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(),
        |text, n| {
            let alias = format!("*a{}, ", n - 1).repeat(9);
            format!("{text}a{n}: &a{n} [{alias}]\n")
        },
    );
    let deep = "[".repeat(1_000);
    let closed = format!("{deep}{}", "]".repeat(1_000));
    let indented: String = (0..1_000)
        .map(|n| format!("{}a:\n", " ".repeat(n)))
        .collect();
    let dashes = "- ".repeat(1_000);
    let long = "x".repeat(LONGEST + 1);
    for text in [&bomb, &deep, &closed, &indented, &dashes, &long] {
        let stream = documents(text);
        assert_eq!(stream.len(), 1, "{:.40}", text);
        assert_eq!(stream[0].troubles.len(), 1, "{:.40}", text);
    }
    assert!(troubles(&bomb)[0].contains("aliases multiply"));
}

#[test]
fn a_stream_of_broken_documents_ends() {
    let text = "[\n---\n".repeat(100_000);
    assert_eq!(documents(&text).len(), MOST_BROKEN);
}

#[test]
fn a_cut_document_is_an_error() {
    for text in ["a: \"x", "a: [1", "a: {b: 'c", "a: {b"] {
        assert_eq!(documents(text)[0].troubles.len(), 1, "{text}");
    }
}

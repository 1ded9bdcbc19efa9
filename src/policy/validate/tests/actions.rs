use super::*;

#[test]
fn a_rule_does_one_thing() {
    let to_b = || Redirect {
        host: Some("b".into()),
        ..Redirect::default()
    };
    let teapot = || Respond {
        status: 418.try_into().unwrap(),
        body: String::new(),
    };
    let place = |field: &str| ("conflicting-actions", format!("routes[0].rules[0].{field}"));
    let both = one(|policy| rule(policy).redirect = Some(to_b()));
    assert_eq!(both, place("redirect"));
    let both = one(|policy| rule(policy).respond = Some(teapot()));
    assert_eq!(both, place("respond"));
    let alone = |rule: Rule| {
        let found = found(|policy| policy.routes[0].rules = vec![rule]);
        let unused = ("unused-subset", "services.reviews.subsets.v1".to_owned());
        found
            .into_iter()
            .filter(|finding| *finding != unused)
            .collect::<Vec<_>>()
    };
    assert_eq!(alone(Rule::redirect(to_b())), []);
    assert_eq!(alone(Rule::respond(teapot())), []);
    let mut busy = Rule::redirect(to_b());
    busy.rewrite.authority = Some("c".into());
    assert_eq!(alone(busy), [place("rewrite")]);
    let mut busy = Rule::respond(teapot());
    busy.fault.abort = Some(Abort {
        status: 503.try_into().unwrap(),
        percent: Percent::HUNDRED,
    });
    assert_eq!(alone(busy), [place("fault")]);
}

/// What is found of a rule that redirects so: id and field.
fn of_redirect(redirect: Redirect) -> Vec<(&'static str, String)> {
    let mut policy = sound();
    policy.routes[0].rules.push(Rule::redirect(redirect));
    policy.routes[0].rules.swap(0, 1);
    rule(&mut policy).matches.push(Match::prefix("/a"));
    let found = policy.validate().into_iter();
    let field = |path: String| path.replace("routes[0].rules[0].", "");
    found
        .map(|error| (error.id, field(error.at.path)))
        .collect()
}

#[test]
fn a_redirect_leads_somewhere() {
    let to = |host: &str| Redirect {
        host: Some(host.into()),
        ..Redirect::default()
    };
    assert_eq!(of_redirect(to("b:81")), []);
    let nowhere = of_redirect(Redirect::default());
    assert_eq!(nowhere, [("empty-redirect", "redirect".into())]);
    for host in ["http://b", "b/c", "me@b", "b:x", ""] {
        let invalid = ("invalid-value", "redirect.host".to_owned());
        assert_eq!(of_redirect(to(host)), [invalid], "{host}");
    }
    for status in [300, 304, 399, 200] {
        let redirect = Redirect {
            status: status.try_into().unwrap(),
            ..to("b")
        };
        let invalid = ("invalid-value", "redirect.status".to_owned());
        assert_eq!(of_redirect(redirect), [invalid], "{status}");
    }
    let twice = Redirect {
        port: RedirectPort::Number(82),
        ..to("b:81")
    };
    assert_eq!(
        of_redirect(twice),
        [("invalid-value", "redirect.port".into())]
    );
    let zero = Redirect {
        port: RedirectPort::Number(0),
        ..to("b")
    };
    assert_eq!(
        of_redirect(zero),
        [("out-of-range", "redirect.port".into())]
    );
}

#[test]
fn a_prefix_is_replaced_where_one_was_matched() {
    let rewritten = |path: PathMatch, new: PathRewrite| {
        found(|policy| {
            rule(policy).matches = vec![Match::path(path), Match::prefix("/x")];
            rule(policy).rewrite.path = Some(new);
        })
    };
    let exact = || PathMatch::Exact("/a".parse().unwrap());
    let prefix = || PathMatch::Prefix("/a".parse().unwrap());
    assert_eq!(rewritten(prefix(), PathRewrite::Prefix("/b".into())), []);
    assert_eq!(rewritten(exact(), PathRewrite::Full("/b?c".into())), []);
    let path = "routes[0].rules[0].rewrite.path";
    for other in [exact(), PathMatch::StartsWith("/a".into())] {
        let found = rewritten(other, PathRewrite::Prefix("/b".into()));
        assert_eq!(found, [("no-prefix", format!("{path}.prefix"))]);
    }
    for text in ["b", "/b#c", "/b c"] {
        let found = rewritten(prefix(), PathRewrite::Full(text.into()));
        assert_eq!(
            found,
            [("ineffective-rewrite", format!("{path}.full"))],
            "{text}"
        );
    }
}

#[test]
fn a_substitution_names_groups_that_are_there() {
    let substituted = |substitution: &str| {
        found(|policy| {
            let regex = RegexRewrite {
                pattern: "/(a)(b)?".parse().unwrap(),
                substitution: substitution.to_owned(),
            };
            rule(policy).to[0].rewrite.path = Some(PathRewrite::Regex(regex));
        })
    };
    for good in [r"/\1\2\0", r"/\\x", "/%1$1"] {
        assert_eq!(substituted(good), [], "{good}");
    }
    let path = "routes[0].rules[0].to[0].rewrite.path.regex.substitution";
    for bad in [r"\3", r"\x", "\\"] {
        assert_eq!(
            substituted(bad),
            [("invalid-value", path.to_owned())],
            "{bad}"
        );
    }
}

#[test]
fn an_answer_is_not_a_file_server() {
    let long = one(|policy| {
        let body = "x".repeat((1 << 20) + 1);
        let status = Status::try_from(200).unwrap();
        let answer = Rule::respond(Respond { status, body }).when(Match::prefix("/x"));
        policy.routes[0].rules.insert(0, answer);
    });
    assert_eq!(
        long,
        ("out-of-range", "routes[0].rules[0].respond.body".into())
    );
}

#[test]
fn a_header_without_a_value_is_a_warning() {
    let mut policy = sound();
    let empty = "".parse().unwrap();
    let set = &mut rule(&mut policy).to[0].headers.response.set;
    set.insert("x".parse().unwrap(), empty);
    let found = policy.validate();
    assert_eq!((found.len(), found[0].severity), (1, Severity::Warning));
    assert_eq!(
        found[0].at.path,
        "routes[0].rules[0].to[0].headers.response.set.x"
    );
}

#[test]
fn callers_are_kept_by_what_fits_into_a_cookie() {
    let kept = |change: &dyn Fn(&mut Sticky, &mut Cookie)| {
        found(|policy| {
            let mut sticky = Sticky::by(StickyKey::SourceIp);
            let mut cookie = Cookie::new("uid").ttl(Duration::from_secs(60).into());
            change(&mut sticky, &mut cookie);
            sticky.by = cookie.into();
            rule(policy).sticky = Some(sticky);
        })
    };
    let wrong = |field: &str| {
        [(
            "invalid-value",
            format!("routes[0].rules[0].sticky.{field}"),
        )]
    };
    assert_eq!(kept(&|_, _| {}), []);
    assert_eq!(kept(&|_, cookie| cookie.ttl = Some(Ttl::SESSION)), []);
    assert_eq!(kept(&|_, cookie| cookie.path = "/shop".into()), []);
    assert_eq!(
        kept(&|sticky, _| sticky.group = Some(String::new())),
        wrong("group")
    );
    for name in ["", "a b", "a=b", "a;b", "ä", "a\""] {
        assert_eq!(
            kept(&|_, cookie| cookie.name = name.into()),
            wrong("by.cookie.name")
        );
    }
    for path in ["", "shop", "/a;b", "/\n", "/ä"] {
        assert_eq!(
            kept(&|_, cookie| cookie.path = path.into()),
            wrong("by.cookie.path")
        );
    }
    for ttl in [
        Duration::from_millis(1_500),
        Duration::from_secs(400 * 24 * 3_600),
    ] {
        assert_eq!(
            kept(&|_, cookie| cookie.ttl = Some(ttl.into())),
            wrong("by.cookie.ttl")
        );
    }
    let mut answered = Rule::respond(Respond {
        status: 418.try_into().unwrap(),
        body: String::new(),
    });
    answered.sticky = Some(StickyKey::SourceIp.into());
    let found = found(|policy| {
        policy.routes[0]
            .rules
            .insert(0, answered.when(Match::prefix("/a")))
    });
    let place = "routes[0].rules[0].sticky".to_owned();
    assert_eq!(found, [("conflicting-actions", place)]);
}

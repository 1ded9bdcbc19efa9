//! Ten thousand rules are replaced, and no request waits for it.
//!
//! Not shown by a clock: the reload is held where it has compiled the new rules and has everything
//! locked that it ever locks, for as long as the requests take.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{Empty, Full};
use std::future::{Ready, ready};
use std::pin::pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use tower::Service as _;
use tower_mesh::balance::{Endpoint, MakeEndpoint, Reset, Target};
use tower_mesh::policy::{
    self, Address, Destination, Match, PathMatch, Policy, Respond, Route, Rule, Service,
};
use tower_mesh::{Mesh, mesh};

/// Says when it is asked for the second endpoint, and makes it when it is told to.
struct Held {
    asked: Sender<()>,
    told: Mutex<Receiver<()>>,
}

#[derive(Debug)]
struct Never;

impl<B> Endpoint<B> for Never {
    type Body = Full<Bytes>;
    type Future = Ready<Result<Response<Full<Bytes>>, Reset>>;

    fn send(&self, _: Request<B>) -> Self::Future {
        ready(Ok(Response::new(Full::default())))
    }
}

impl MakeEndpoint for Held {
    type Endpoint = Never;

    fn make(&self, at: &Target) -> Never {
        if at.address().map(ToString::to_string).as_deref() == Some("10.0.0.2:80") {
            self.asked.send(()).unwrap();
            self.told.lock().unwrap().recv().unwrap();
        }
        Never
    }
}

/// Rules of all kinds; each answers with the status.
fn version(status: u16, address: &str) -> Policy {
    let path = |number: usize| match number % 3 {
        0 => PathMatch::Exact(format!("/{number}").parse().unwrap()),
        1 => PathMatch::Prefix(format!("/{number}").parse().unwrap()),
        _ => PathMatch::Regex(format!("/{number}(/.*)?").parse().unwrap()),
    };
    let rules = (0..RULES).map(|number| {
        let respond = Respond {
            status: status.try_into().unwrap(),
            body: String::new(),
        };
        Rule::respond(respond).when(Match::path(path(number)))
    });
    let mut route = Route::new("route", ["host".parse().unwrap()]);
    route.rules = rules.collect();
    route.rules.push(Rule::to([Destination::new("service")]));
    let endpoint = policy::Endpoint::new(address.parse::<Address>().unwrap());
    let mut policy = Policy::default();
    policy
        .services
        .insert("service".into(), Service::new([endpoint]));
    policy.routes.push(route);
    policy
}

const RULES: usize = 10_000;

/// The statuses with which every 13th rule answers, at the first poll.
fn statuses(client: &mut mesh::Client<Never>) -> Vec<u16> {
    let mut statuses: Vec<u16> = (0..RULES)
        .step_by(13)
        .map(|number| {
            let request = Request::get(format!("http://host/{number}"));
            let request = request.body(Empty::<Bytes>::new()).unwrap();
            let call = pin!(client.call(request));
            match call.poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(Ok(response)) => response.status().as_u16(),
                Poll::Ready(Err(_)) | Poll::Pending => panic!("{number} is waited for"),
            }
        })
        .collect();
    statuses.dedup();
    statuses
}

#[test]
fn requests_pass_while_rules_are_replaced() {
    let (asked, is_asked) = channel();
    let (tell, told) = channel();
    let told = Mutex::new(told);
    let mesh = Arc::new(Mesh::new(&version(201, "10.0.0.1:80")).unwrap());
    let mut client: mesh::Client<Never> = mesh.client(Held { asked, told });
    for (before, after) in [(201, 202), (202, 203)] {
        let reload = std::thread::spawn({
            let mesh = mesh.clone();
            move || mesh.reload(&version(after, "10.0.0.2:80")).unwrap()
        });
        is_asked.recv().unwrap();
        assert_eq!(statuses(&mut client), [before]);
        tell.send(()).unwrap();
        reload.join().unwrap();
        assert_eq!(statuses(&mut client), [after]);
        // So that the second address is a new one again.
        mesh.reload(&version(after, "10.0.0.1:80")).unwrap();
    }
}

//! What a request says of itself and of its connection, from one version of HTTP to the other.

use crate::support::{Backend, says};
use crate::tunnels::{ask, gateway};
use crate::world::{Front, World, empty, policy, serve_gateway, ways, within};
use axum::Router;
use axum::extract::Request as Served;
use http::{HeaderMap, Method, Request, Response, StatusCode, Version};
use http_body_util::BodyExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tower_mesh::Mesh;
use tower_mesh::policy::Protocol;

/// Answers with what it was asked, in headers: where, in which version, and by which headers.
fn mirror() -> Router {
    Router::new().fallback(async |request: Served| {
        let mut told = HeaderMap::new();
        let uri = request.uri();
        let authority = uri
            .authority()
            .map_or("none", |authority| authority.as_str());
        told.insert("x-authority", authority.parse().unwrap());
        told.insert(
            "x-scheme",
            uri.scheme_str().unwrap_or("none").parse().unwrap(),
        );
        told.insert(
            "x-path",
            uri.path_and_query().unwrap().as_str().parse().unwrap(),
        );
        for (name, value) in request.headers() {
            let name = format!("x-saw-{name}");
            told.append(http::HeaderName::try_from(name).unwrap(), value.clone());
        }
        (StatusCode::OK, told, "seen")
    })
}

#[tokio::test]
async fn each_version_says_in_its_own_way_where_it_goes() {
    for way in ways() {
        let world = World::new(way, mirror()).await;
        let path = "/a%2Fb?c=d&e";
        let answer = within(world.send(Request::get(path).body(empty()).unwrap())).await;
        let told = |name: &str| {
            answer
                .headers()
                .get(name)
                .map(|told| told.to_str().unwrap())
        };
        let (authority, scheme, host) = match way.back {
            Protocol::Http1 => ("none", "none", Some("app")),
            Protocol::Http2 => ("app", "http", None),
        };
        assert_eq!(told("x-authority"), Some(authority), "{way:?}");
        assert_eq!(told("x-scheme"), Some(scheme), "{way:?}");
        assert_eq!(told("x-saw-host"), host, "{way:?}");
        assert_eq!(told("x-path"), Some(path), "{way:?}");
        let version = match way.front {
            Front::Http1 => Version::HTTP_11,
            Front::Http2 => Version::HTTP_2,
            Front::Client if way.back == Protocol::Http2 => Version::HTTP_2,
            Front::Client => Version::HTTP_11,
        };
        assert_eq!(answer.version(), version, "{way:?}");
    }
}

#[tokio::test]
async fn the_crumbs_of_a_cookie_are_joined_before_anybody_looks_at_it() {
    for way in ways().filter(|way| way.front == Front::Http2) {
        let world = World::new(way, mirror()).await;
        let request = Request::get("/crumbs")
            .header("cookie", "a=1")
            .header("cookie", "b=2");
        let answer = within(world.send(request.body(empty()).unwrap())).await;
        let cookies = answer.headers().get_all("x-saw-cookie");
        assert_eq!(cookies.iter().collect::<Vec<_>>(), ["a=1; b=2"], "{way:?}");
        assert_eq!(answer.headers()["x-rule"], "crumbs");
    }
}

#[tokio::test]
async fn lines_of_http1_are_left_as_they_came() {
    let backend = Backend::serve(|_| mirror()).await;
    let (_mesh, at) = gateway(backend.address, Protocol::Http1).await;
    let head = "GET / HTTP/1.1\nHost: app\nCookie: a=1\nCookie: b=2\nX: 1, 2\nX: 3";
    let (_, answer) = ask(at, head).await;
    for line in [
        "x-saw-cookie: a=1",
        "x-saw-cookie: b=2",
        "x-saw-x: 1, 2",
        "x-saw-x: 3",
    ] {
        assert!(
            answer.contains(&format!("\r\n{line}\r\n")),
            "{line}\n{answer}"
        );
    }
}

#[tokio::test]
async fn what_is_of_one_connection_stays_there() {
    let backend = Backend::serve(|_| mirror()).await;
    for back in [Protocol::Http1, Protocol::Http2] {
        let (_mesh, at) = gateway(backend.address, back).await;
        let head = "GET / HTTP/1.1\nHost: app\nConnection: close\nKeep-Alive: timeout=5\n\
            Proxy-Connection: close\nTE: trailers, deflate;q=0.5";
        let (_, answer) = ask(at, head).await;
        for name in [
            "connection",
            "keep-alive",
            "proxy-connection",
            "transfer-encoding",
        ] {
            assert!(
                !answer.contains(&format!("x-saw-{name}:")),
                "{name}\n{answer}"
            );
        }
        // Trailers are passed on, and other codings are not known here.
        assert!(answer.contains("\r\nx-saw-te: trailers\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn a_request_for_the_server_itself_has_no_path() {
    let backend = Backend::serve(|_| mirror()).await;
    for back in [Protocol::Http1, Protocol::Http2] {
        let (_mesh, at) = gateway(backend.address, back).await;
        let (_, answer) = ask(at, "OPTIONS * HTTP/1.1\nHost: app").await;
        assert!(answer.contains("\r\nx-path: *\r\n"), "{back:?} {answer}");
    }
}

#[tokio::test]
async fn who_expects_to_be_told_to_go_on_is_told() {
    for back in [Protocol::Http1, Protocol::Http2] {
        let app = Router::new().fallback(async |request: Served| {
            request.into_body().collect().await.unwrap().to_bytes()
        });
        let backend = Backend::serve(|_| app).await;
        let (_mesh, at) = gateway(backend.address, back).await;
        let head = "POST / HTTP/1.1\nHost: app\nContent-Length: 4\nExpect: 100-continue";
        let (mut stream, answer) = ask(at, head).await;
        assert_eq!(answer, "HTTP/1.1 100 Continue\r\n\r\n");
        stream.write_all(b"body").await.unwrap();
        let mut answer = Vec::new();
        within(async {
            while !answer.ends_with(b"body") {
                answer.push(stream.read_u8().await.unwrap());
            }
        })
        .await;
        assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
    }
}

#[tokio::test]
async fn a_backend_of_http_1_0_is_answered_for_in_1_1() {
    // Its body ends where its connection does. The client's goes on.
    let at = says(Some(b"HTTP/1.0 200 OK\r\n\r\nuntil the end")).await;
    let mesh = Mesh::new(&policy(at, Protocol::Http1, false).await).unwrap();
    let at = serve_gateway(&mesh).await;
    let (mut stream, answer) = ask(at, "GET / HTTP/1.1\nHost: app").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(
        answer.contains("transfer-encoding: chunked\r\n"),
        "{answer}"
    );
    let mut body = Vec::new();
    within(async {
        while !body.ends_with(b"\r\n0\r\n\r\n") {
            body.push(stream.read_u8().await.unwrap());
        }
    })
    .await;
    assert_eq!(body, b"D\r\nuntil the end\r\n0\r\n\r\n");
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: app\r\n\r\n")
        .await
        .unwrap();
    let mut more = [0; 12];
    within(stream.read_exact(&mut more)).await.unwrap();
    assert_eq!(&more, b"HTTP/1.1 200");
}

#[tokio::test]
async fn a_client_of_http_1_0_gets_a_body_that_it_understands() {
    let app = Router::new().fallback(async |_: Served| {
        let (write, body) = crate::world::stream();
        tokio::spawn(async move { write.send(crate::world::data("text")).await });
        Response::new(axum::body::Body::new(body))
    });
    let backend = Backend::serve(|_| app).await;
    for back in [Protocol::Http1, Protocol::Http2] {
        let (_mesh, at) = gateway(backend.address, back).await;
        let (mut stream, answer) = ask(at, "GET / HTTP/1.0\nHost: app").await;
        assert!(!answer.contains("chunked"), "{answer}");
        let mut rest = Vec::new();
        within(stream.read_to_end(&mut rest)).await.unwrap();
        assert_eq!(rest, b"text", "{back:?}");
    }
}

#[tokio::test]
async fn any_method_passes() {
    for way in ways().filter(|way| !way.mirrored) {
        let app =
            Router::new().fallback(async |request: Served| request.method().as_str().to_owned());
        let world = World::new(way, app).await;
        for method in ["PATCH", "PROPFIND", "TRACE", "x!#$%&'*+-.^_`|~1"] {
            let method: Method = method.parse().unwrap();
            let request = Request::builder().method(method.clone()).uri("/");
            let answer = within(world.send(request.body(empty()).unwrap())).await;
            let text = answer.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(text, method.as_str(), "{way:?}");
        }
    }
}

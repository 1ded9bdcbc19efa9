//! A gateway behind an axum server, from a Gateway and an HTTPRoute of the Gateway API.
//!
//! Run it with `--serve` to try it with a client of yours; without, it asks itself.

use axum::Router;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tower_mesh::connect::Hyper;
use tower_mesh::{Mesh, Policy};

const DOCUMENTS: &str = r#"
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec:
  gatewayClassName: tower-mesh
  listeners: [{ name: http, port: 80, protocol: HTTP, hostname: "*.shop.example" }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: cart, namespace: shop }
spec:
  parentRefs: [{ name: edge }]
  hostnames: [cart.shop.example]
  rules:
    - matches: [{ path: { type: PathPrefix, value: /old } }]
      filters:
        - type: RequestRedirect
          requestRedirect: { path: { type: ReplacePrefixMatch, replacePrefixMatch: /new } }
    - backendRefs: [{ name: cart, port: 8080 }]
---
apiVersion: v1
kind: Service
metadata: { name: cart, namespace: shop }
spec: { ports: [{ name: http, port: 8080 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: cart-1, namespace: shop, labels: { kubernetes.io/service-name: cart } }
addressType: IPv4
ports: [{ name: http, port: 7001 }]
endpoints: [{ addresses: [127.0.0.1] }]
"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let backend = serve(Router::new().fallback(async || "the cart\n")).await?;
    let documents = DOCUMENTS.replace("7001", &backend.port().to_string());
    let mesh = Mesh::new(&documents.parse::<Policy>()?)?;

    let gateway = mesh.gateway("shop/edge", Hyper::new()).on_port(80);
    let address = serve(Router::new().fallback_service(gateway)).await?;
    println!("curl -H 'host: cart.shop.example' http://{address}/");
    if std::env::args().any(|argument| argument == "--serve") {
        std::future::pending::<()>().await;
    }

    let mut seen = Vec::new();
    for (host, path) in [
        ("cart.shop.example", "/"),
        ("cart.shop.example", "/old/1?all"),
        ("other.example", "/"),
    ] {
        let (status, said) = ask(address, host, path).await?;
        println!("{host}{path}: {status} {said}");
        seen.push(format!("{status} {said}"));
    }
    let wanted = [
        "200 the cart",
        "302 http://cart.shop.example/new/1?all",
        "404 ",
    ];
    if seen != wanted {
        return Err(format!("expected {wanted:?}, saw {seen:?}").into());
    }
    Ok(())
}

async fn serve(app: Router) -> Result<SocketAddr, std::io::Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}

/// The status, and where the reply leads or what it says.
async fn ask(
    at: SocketAddr,
    host: &str,
    path: &str,
) -> Result<(u16, String), Box<dyn std::error::Error>> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let request = http::Request::get(format!("http://{at}{path}")).header("host", host);
    let reply = client.request(request.body(Empty::new())?).await?;
    let status = reply.status().as_u16();
    let said = match reply.headers().get("location") {
        Some(location) => location.to_str()?.to_owned(),
        None => {
            let body = reply.into_body().collect().await?.to_bytes();
            String::from_utf8_lossy(&body).trim().to_owned()
        }
    };
    Ok((status, said))
}

//! An axum server with one layer and no policy file: each client may send two requests a second.
//!
//! Run it with `--serve` to try it with a client of yours; without, it asks itself.

use axum::Router;
use axum::routing::get;
use std::net::SocketAddr;
use tower_mesh::limit::RateLimitLayer;
use tower_mesh::policy::{Key, Rate};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let limit = RateLimitLayer::new(Rate::per_second(2).burst(2)).keyed_by(Key::SourceIp);
    let app = Router::new()
        .route("/", get(async || "hello\n"))
        .layer(limit);

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    println!("serving http://{address}/");
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    if std::env::args().any(|argument| argument == "--serve") {
        server.await??;
    }
    ask(address).await
}

/// Three requests at once: the third is one too many.
async fn ask(address: SocketAddr) -> Result<(), Box<dyn std::error::Error>> {
    use http_body_util::Empty;
    use hyper_util::{client::legacy::Client, rt::TokioExecutor};

    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<bytes::Bytes>>();
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let response = client.get(format!("http://{address}/").parse()?).await?;
        println!(
            "{} retry-after: {:?}",
            response.status(),
            response.headers().get("retry-after")
        );
        statuses.push(response.status().as_u16());
    }
    if statuses != [200, 200, 429] {
        return Err(format!("expected two to pass, saw {statuses:?}").into());
    }
    Ok(())
}

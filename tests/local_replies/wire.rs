//! Requests over a socket, and what is said in answer.

use crate::causes::Request;
use crate::lab::Reply;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// HTTP/1.1 as it is written, up to the end of the connection.
pub(crate) async fn http1(at: SocketAddr, request: &Request) -> Reply {
    let mut text = format!("{} {} HTTP/1.1\r\n", request.method, request.path);
    let lines = { request.host.map(|host| ("host", host)).into_iter() }
        .chain(request.headers.iter().copied())
        .chain([("connection", "close")]);
    for (name, value) in lines {
        text += &format!("{name}: {value}\r\n");
    }
    text += "\r\n";
    let mut stream = TcpStream::connect(at).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap();
    let headers = { lines.map(|line| line.split_once(": ").unwrap()) }
        .filter(|(name, _)| !["date", "connection"].contains(name));
    Reply {
        status: status.split(' ').nth(1).unwrap().parse().unwrap(),
        headers: { headers }
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        body: body.to_owned(),
        ..Reply::default()
    }
}

/// HTTP/2 without TLS; `None` for a request that cannot be said in it.
pub(crate) async fn http2(at: SocketAddr, request: &Request) -> Option<Reply> {
    let stream = TcpStream::connect(at).await.unwrap();
    let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (mut line, driver) = handshake.await.unwrap();
    tokio::spawn(driver);
    let asked = request.build::<Empty<Bytes>>(request.host?);
    let response = line.send_request(asked).await.unwrap();
    let mut reply = Reply::of(&response);
    reply.headers.remove("date");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    reply.body = String::from_utf8(body.to_vec()).unwrap();
    Some(reply)
}

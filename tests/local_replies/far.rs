//! Servers that do what no server should.

use bytes::Bytes;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// A server of HTTP/2 that resets each stream with this code.
pub(crate) async fn resets_with(code: u32) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((_, mut answer))) = connection.accept().await {
                    let answer: &mut h2::server::SendResponse<Bytes> = &mut answer;
                    answer.send_reset(code.into());
                }
            });
        }
    });
    address
}

/// An address at which connections wait for ever: those that have come before fill the queue of
/// who listens and accepts none.
pub(crate) async fn full() -> (SocketAddr, impl Sized) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    let next = || tokio::time::timeout(Duration::from_millis(100), TcpStream::connect(address));
    while let Ok(connected) = next().await {
        waiting.push(connected.unwrap());
        assert!(waiting.len() < 4_096, "the queue has no end");
    }
    (address, (listener, waiting))
}

//! Clients that take their time: half a head, a body that never ends, an answer that nobody reads.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::stage::Stage;

/// Holds so many connections of each kind open for a while.
pub async fn clients(stage: &Stage, each: usize, lasts: Duration) {
    let openings = [
        "POST /alert HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-",
        "POST /alert HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{",
        "GET /v1/incidents/watch HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        "GET /v1/incidents?limit=1000 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ];
    let mut open = Vec::new();
    for opening in openings {
        for _ in 0..each {
            let Ok(mut stream) = TcpStream::connect(("127.0.0.1", stage.wiring.port)).await else { continue };
            if stream.write_all(opening.as_bytes()).await.is_ok() {
                open.push(stream);
            }
        }
    }
    sleep(lasts).await;
    drop(open);
}

//! What connections cost that have nothing to say: each has asked once and waits.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    requests::{get, is_whole},
    server::Server,
};

/// Opens so many and prints the server's memory before and after.
#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
pub(crate) fn run(connections: usize) {
    let server = Server::start("collector");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let request = get();
        let mut open = Vec::with_capacity(connections);
        let mut before = 0.0;
        for n in 0..connections {
            let mut socket =
                TcpStream::connect(server.address).await.expect("the limit of open files allows it");
            socket.write_all(request.as_bytes()).await.expect("the server reads");
            let mut response = Vec::new();
            while !is_whole(&response) {
                assert!(socket.read_buf(&mut response).await.expect("the server answers") > 0, "it closed");
            }
            open.push(socket);
            if n == 99 {
                before = server.memory_mb();
            }
        }
        let after = server.memory_mb();
        let each = (after - before) * 1024.0 / (connections.max(101) - 100) as f64;
        println!(
            "{before:.1} MB with 100 idle connections, {after:.1} MB with {connections}: {each:.2} kB each"
        );
    });
}

//! A way to the database that can be cut.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use reqwest::Url;
use tokio::{
    io::{self, AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::anywhere;

/// Passes bytes on to a server, until it is cut.
pub struct Proxy {
    pub address: SocketAddr,
    open: watch::Sender<bool>,
    /// How many connections were asked for while it was cut.
    refused: Arc<AtomicUsize>,
    /// Whether the answer to the next commit is to be lost.
    loses: Arc<AtomicBool>,
}

/// What PostgreSQL is told when a batch is committed.
const COMMIT: &[u8] = b"COMMIT";

impl Proxy {
    pub async fn start(target: String) -> Self {
        let listener = TcpListener::bind(anywhere()).await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let (open, is_open) = watch::channel(true);
        let refused = Arc::<AtomicUsize>::default();
        let loses = Arc::<AtomicBool>::default();
        let (counted, losing) = (refused.clone(), loses.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *is_open.borrow() {
                    tokio::spawn(pass(client, target.clone(), is_open.clone(), losing.clone()));
                } else {
                    counted.fetch_add(1, Ordering::Relaxed);
                    tokio::spawn(refuse(client));
                }
            }
        });
        Self { address, open, refused, loses }
    }

    /// One before the server of this URL, and the URL that goes through it.
    pub async fn before(url: &str) -> (Self, String) {
        let mut url = Url::parse(url).expect("a URL");
        let target = format!("{}:{}", url.host_str().expect("a host"), url.port().unwrap_or(5432));
        let proxy = Self::start(target).await;
        url.set_host(Some("127.0.0.1")).expect("a host");
        url.set_port(Some(proxy.address.port())).expect("a port");
        (proxy, url.to_string())
    }

    /// Breaks all connections and takes no new ones.
    pub fn cut(&self) {
        self.open.send_replace(false);
    }

    /// How many connections were asked for while it was cut.
    pub fn refused(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
    }

    /// Breaks the next connection on which something is committed: when it is, and before anybody is told.
    pub fn lose_an_answer(&self) {
        self.loses.store(true, Ordering::Relaxed);
    }

    /// Whether that has happened.
    pub fn has_lost(&self) -> bool {
        !self.loses.load(Ordering::Relaxed)
    }

    /// Takes connections again.
    pub fn mend(&self) {
        self.open.send_replace(true);
    }
}

/// Takes what is asked and ends the connection, as what stands before a server does that is away.
async fn refuse(mut client: TcpStream) {
    // What it was, or whether it arrived at all, makes no difference.
    let _ = client.read(&mut [0; 1 << 10]).await;
}

async fn pass(client: TcpStream, target: String, mut is_open: watch::Receiver<bool>, loses: Arc<AtomicBool>) {
    let passing = async {
        let server = TcpStream::connect(target).await?;
        copy(client, server, &loses).await
    };
    tokio::select! {
        _ = passing => {}
        _ = is_open.wait_for(|open| !open) => {}
    }
}

/// Passes bytes on, until one side ends or an answer is to be lost.
async fn copy(mut client: TcpStream, mut server: TcpStream, loses: &AtomicBool) -> io::Result<()> {
    let mut asked = vec![0; 1 << 16];
    let mut answered = vec![0; 1 << 16];
    loop {
        tokio::select! {
            count = client.read(&mut asked) => {
                let bytes = &asked[..count?];
                server.write_all(bytes).await?;
                let commits = bytes.windows(COMMIT.len()).any(|window| window == COMMIT);
                if commits && loses.swap(false, Ordering::Relaxed) {
                    // It is, once the server answers.
                    return server.read_u8().await.map(drop);
                }
                if bytes.is_empty() {
                    return Ok(());
                }
            }
            count = server.read(&mut answered) => {
                let bytes = &answered[..count?];
                client.write_all(bytes).await?;
                if bytes.is_empty() {
                    return Ok(());
                }
            }
        }
    }
}

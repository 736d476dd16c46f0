//! A way to the database that can be cut.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use reqwest::Url;
use tokio::{
    io::copy_bidirectional,
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
}

impl Proxy {
    pub async fn start(target: String) -> Self {
        let listener = TcpListener::bind(anywhere()).await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let (open, is_open) = watch::channel(true);
        let refused = Arc::<AtomicUsize>::default();
        let counted = refused.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if !*is_open.borrow() {
                    counted.fetch_add(1, Ordering::Relaxed);
                }
                tokio::spawn(pass(client, target.clone(), is_open.clone()));
            }
        });
        Self { address, open, refused }
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

    /// Takes connections again.
    pub fn mend(&self) {
        self.open.send_replace(true);
    }
}

async fn pass(mut client: TcpStream, target: String, mut is_open: watch::Receiver<bool>) {
    let passing = async {
        let mut server = TcpStream::connect(target).await?;
        copy_bidirectional(&mut client, &mut server).await
    };
    tokio::select! {
        _ = passing => {}
        _ = is_open.wait_for(|open| !open) => {}
    }
}

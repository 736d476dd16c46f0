//! A PostgreSQL server of a test's own, to be restarted.

use std::{
    fs,
    net::TcpListener,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::PathBuf,
    process::{Command, Output},
    sync::Arc,
};

use tempfile::TempDir;

use super::{anywhere, process::text};

/// A running server, with what makes a commit durable left on; it ends with the test.
pub struct Cluster {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
    /// PostgreSQL refuses to be root.
    user: Option<(u32, u32)>,
}

impl Cluster {
    /// Starts one; `None` where the programs of PostgreSQL's server are not on this machine.
    pub fn start() -> Option<Self> {
        let programs = programs()?;
        // The path of a Unix socket is limited to about a hundred bytes.
        let folder = TempDir::with_prefix_in("billgraph-postgres-", "/tmp").expect("a folder can be made");
        let is_root = fs::metadata(folder.path()).expect("it is there").uid() == 0;
        let user = is_root.then(server_user);
        if let Some((user, group)) = user {
            chown(folder.path(), Some(user), Some(group)).expect("root may");
        }
        let mut cluster = Self { programs, folder, port: 0, user };
        let make = ["--pgdata=data", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"];
        cluster.done("initdb", &[&make[..], &["--no-sync"]].concat());
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\nlog_min_messages = warning\n",
            cluster.folder.path().display()
        );
        let place = cluster.folder.path().join("data/postgresql.auto.conf");
        fs::write(place, settings).expect("the folder can be written to");
        // Another process may take a port between the look and the start.
        for _ in 0..5 {
            cluster.port = free_port();
            if cluster.ctl("start", &["-o", &format!("-p {}", cluster.port)]).status.success() {
                return Some(cluster);
            }
        }
        panic!("PostgreSQL does not start: {}", cluster.log());
    }

    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Restarts it as after a loss of power: nothing is finished.
    pub async fn restart(self: &Arc<Self>) {
        let cluster = self.clone();
        let restarting = tokio::task::spawn_blocking(move || cluster.ctl("restart", &["-m", "immediate"]));
        let told = restarting.await.expect("the thread does not panic");
        assert!(told.status.success(), "{}", self.log());
    }

    /// What the server logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn ctl(&self, what: &str, arguments: &[&str]) -> Output {
        let usual = [what, "--wait", "--silent", "--pgdata=data", "--log=log"];
        self.run("pg_ctl", &[&usual[..], arguments].concat())
    }

    fn done(&self, program: &str, arguments: &[&str]) {
        let ended = self.run(program, arguments);
        assert!(ended.status.success(), "{program}: {}", text(&ended.stderr));
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(self.programs.join(program));
        command.args(arguments).current_dir(self.folder.path());
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command.output().unwrap_or_else(|error| panic!("{program} does not start: {error}"))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.ctl("stop", &["-m", "immediate"]);
    }
}

/// The folder of the server's programs; Debian keeps them out of the PATH.
fn programs() -> Option<PathBuf> {
    let told = Command::new("pg_config").arg("--bindir").output().ok();
    let told = told.map(|told| PathBuf::from(text(&told.stdout).trim()));
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let installed = installed.map(|version| version.path().join("bin"));
    let mut folders: Vec<PathBuf> = told.into_iter().chain(installed).collect();
    folders.retain(|folder| ["initdb", "pg_ctl", "postgres"].iter().all(|name| folder.join(name).exists()));
    folders.into_iter().next_back()
}

/// The user and the group under which root has the server run.
fn server_user() -> (u32, u32) {
    let id = |option: &str, user: &str| -> Option<u32> {
        let told = Command::new("id").args([option, user]).output().ok()?;
        text(&told.stdout).trim().parse().ok()
    };
    let of = |user: &str| Some((id("-u", user)?, id("-g", user)?));
    of("postgres").or_else(|| of("nobody")).expect("there is a user that is not root")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(anywhere()).expect("a port is free");
    listener.local_addr().expect("it is bound").port()
}

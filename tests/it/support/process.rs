//! Programs: the gateway's own, and the clients that it is tested with.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, Command, ExitStatus, Output, Stdio},
};

use tokio::sync::mpsc;

use super::{TestDatabase, socket::soon};

/// The program `billgraph` on a database, with no other settings than these: where it runs is no `.env` file.
pub fn billgraph(database: &TestDatabase, arguments: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_billgraph"));
    command
        .args(arguments)
        .current_dir(std::env::temp_dir())
        .env_clear()
        .env("DATABASE_URL", &database.url)
        .env("BILLGRAPH_DB_SCHEMA", &database.schema)
        .envs(settings.iter().copied());
    command
}

/// Runs a program to its end.
pub async fn run(mut command: Command, input: &str) -> Output {
    let input = input.to_owned();
    let ended = tokio::task::spawn_blocking(move || {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn()?;
        let mut stdin = child.stdin.take().expect("it is piped");
        // A program that ends without reading its input says why in its output.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        child.wait_with_output()
    });
    soon(ended).await.expect("the thread does not panic").expect("the program starts")
}

/// The text that a program wrote.
pub fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("programs write UTF-8")
}

/// A program that runs beside the test, and not longer.
pub struct Running {
    child: Child,
    /// What it writes to its standard output and error output, line by line.
    pub lines: mpsc::UnboundedReceiver<String>,
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let program = command.get_program().display();
        let mut child = started.unwrap_or_else(|error| panic!("{program} does not start: {error}"));
        let (sender, lines) = mpsc::unbounded_channel();
        let outputs: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|output| Box::new(output) as Box<dyn Read + Send>),
            child.stderr.take().map(|output| Box::new(output) as Box<dyn Read + Send>),
        ];
        for output in outputs.into_iter().flatten() {
            let sender = sender.clone();
            std::thread::spawn(move || {
                BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
            });
        }
        Self { child, lines }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line for which `found` finds something.
    pub async fn find<T>(&mut self, found: impl Fn(&str) -> Option<T>) -> T {
        let mut seen = String::new();
        while let Some(line) = soon(self.lines.recv()).await {
            if let Some(found) = found(&line) {
                return found;
            }
            seen.push_str(&line);
            seen.push('\n');
        }
        panic!("the program ended without it: {seen}");
    }

    /// The next line that starts with this.
    pub async fn line(&mut self, start: &str) -> String {
        self.find(|line| line.starts_with(start).then(|| line.to_owned())).await
    }

    /// Interrupts it, as Ctrl-C does, and says how it ends.
    pub async fn interrupt(self) -> ExitStatus {
        let mut kill = Command::new("kill");
        kill.args(["-INT", &self.id().to_string()]);
        assert!(run(kill, "").await.status.success(), "it runs still");
        self.end().await.0
    }

    /// Kills it, which nothing can answer, and says what it wrote.
    pub async fn kill(mut self) -> Vec<String> {
        self.child.kill().expect("it runs still");
        self.end().await.1
    }

    /// How it ended, and what it still wrote.
    pub async fn end(mut self) -> (ExitStatus, Vec<String>) {
        let mut rest = Vec::new();
        while let Some(line) = soon(self.lines.recv()).await {
            rest.push(line);
        }
        // Its outputs are closed: it is ending.
        (self.child.wait().expect("it was started"), rest)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended cannot be killed: that is no error.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! Programs that run beside a test, while the servers in its process go on answering.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, Command, ExitStatus, Output, Stdio},
    thread,
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

/// How long a program may take for what is expected of it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs a program to its end.
pub async fn run(mut command: Command, input: &str) -> Output {
    let name = format!("{command:?}");
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap_or_else(|error| panic!("{name} cannot be run: {error}"));
    let (stdin, input) = (child.stdin.take(), input.to_owned());
    let (done, output) = oneshot::channel();
    thread::spawn(move || {
        // A program that ends without reading its input says why in its output.
        let _ = stdin.expect("it is piped").write_all(input.as_bytes());
        let _ = done.send(child.wait_with_output());
    });
    let output = timeout(PATIENCE, output).await.unwrap_or_else(|_| panic!("{name} does not end"));
    output.expect("somebody waits for it").expect("it can be waited for")
}

/// A program that runs until the test ends, and the lines that it prints.
pub struct Running {
    child: Child,
    lines: mpsc::UnboundedReceiver<String>,
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        let name = format!("{command:?}");
        let piped = command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = piped.spawn().unwrap_or_else(|error| panic!("{name} cannot be run: {error}"));
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let (printed, lines) = mpsc::unbounded_channel();
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| printed.send(line)));
        Self { child, lines }
    }

    /// The next line that starts with this.
    pub async fn line(&mut self, start: &str) -> String {
        let next = async {
            loop {
                let line = self.lines.recv().await.unwrap_or_else(|| panic!("it ends without {start:?}"));
                if line.starts_with(start) {
                    return line;
                }
            }
        };
        timeout(PATIENCE, next).await.unwrap_or_else(|_| panic!("there is no {start:?}"))
    }

    /// Interrupts it, as Ctrl-C does, and says how it ends.
    pub async fn interrupt(mut self) -> ExitStatus {
        let mut kill = Command::new("bash");
        kill.args(["-c", &format!("kill -INT {}", self.child.id())]);
        assert!(run(kill, "").await.status.success(), "it runs still");
        let ended = async { while self.lines.recv().await.is_some() {} };
        timeout(PATIENCE, ended).await.expect("it ends when it is interrupted");
        self.child.wait().expect("it can be waited for")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

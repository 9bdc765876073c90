//! The browsers that the tests drive, and how each is started: Chromium by chromedriver, Firefox by geckodriver, and WebKitGTK
//! by WebKitWebDriver on a display that exists in memory.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use installed::{CHROMIUM, find};
use reading_room::book;
use serde_json::{Value, json};

/// A browser engine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Chromium,
    Firefox,
    WebKit,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::WebKit => "webkit",
        })
    }
}

/// The time after which a driver that doesn't accept a connection has failed, on any machine.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// How often a driver is started whose port may be taken.
const STARTS: usize = 5;

/// A program that ends when it is dropped.
pub struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    /// Starts a program and waits for a line of its standard output in which `found` finds something.
    pub fn start<T>(command: &mut Command, found: impl Fn(&str) -> Option<T>) -> Result<(Self, T), String> {
        let mut running = Self::start_silently(command.stdout(Stdio::piped()))?;
        let mut lines = BufReader::new(running.0.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
        let result = lines.find_map(|line| found(&line));
        // A full pipe would block the program.
        thread::spawn(move || lines.for_each(drop));
        Ok((running, result.ok_or_else(|| format!("{command:?} ended early"))?))
    }

    fn has_ended(&mut self) -> bool {
        self.0.try_wait().is_ok_and(|status| status.is_some())
    }

    fn start_silently(command: &mut Command) -> Result<Self, String> {
        let child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn();
        Ok(Self(child.map_err(|error| format!("{command:?}: {error}"))?))
    }
}

/// The other programs that the tests need with one engine.
pub struct Programs {
    pub mdbook: PathBuf,
    engine: Engine,
    /// The browser. WebKit's driver starts its own.
    browser: PathBuf,
    driver: PathBuf,
}

impl Programs {
    /// Finds them, or returns the name of the first that is missing.
    pub fn find(engine: Engine) -> Result<Self, String> {
        let tools = [book::root().join("target/tools/bin")];
        let program = |names: &[&str]| find(names, &tools).ok_or_else(|| names[0].to_owned());
        let (browser, driver): (&[&str], _) = match engine {
            Engine::Chromium => (&CHROMIUM, "chromedriver"),
            Engine::Firefox => (&["firefox-esr", "firefox"], "geckodriver"),
            Engine::WebKit => (&["Xvfb"], "WebKitWebDriver"),
        };
        Ok(Self { mdbook: program(&["mdbook"])?, engine, browser: program(browser)?, driver: program(&[driver])? })
    }

    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Starts what drives the browser. `profile` is an empty folder, or doesn't exist.
    pub fn start(&self, profile: &Path) -> Result<Driver, String> {
        let (running, port, options) = match self.engine {
            Engine::Chromium => self.chromium(profile)?,
            Engine::Firefox => self.firefox()?,
            Engine::WebKit => self.webkit()?,
        };
        let mut capabilities = json!({ "timeouts": { "script": 120_000 } });
        let all = capabilities.as_object_mut().expect("it is one");
        all.extend(options.as_object().expect("it is one").clone());
        Ok(Driver { port, capabilities, _running: running })
    }

    fn chromium(&self, profile: &Path) -> Result<(Vec<Running>, u16, Value), String> {
        let (driver, port) = Running::start(Command::new(&self.driver).arg("--port=0"), |line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        })?;
        let flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
                     --disable-component-update --disable-sync --allow-file-access-from-files --window-size=1200,900";
        let mut arguments: Vec<String> = flags.split_whitespace().map(str::to_owned).collect();
        arguments.push("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1".to_owned());
        arguments.push(format!("--user-data-dir={}", profile.display()));
        let options = json!({
            "goog:chromeOptions": { "binary": self.browser, "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        Ok((vec![driver], port, options))
    }

    fn firefox(&self) -> Result<(Vec<Running>, u16, Value), String> {
        let (driver, port) = Running::start(Command::new(&self.driver).arg("--port=0"), |line| {
            let (_, address) = line.split_once("Listening on ")?;
            address.rsplit_once(':')?.1.trim().parse().ok()
        })?;
        let options = json!({
            "binary": self.browser,
            "args": ["-headless", "--width=1200", "--height=900"],
            // A page on disk may look into its frames.
            "prefs": { "security.fileuri.strict_origin_policy": false },
        });
        Ok((vec![driver], port, json!({ "moz:firefoxOptions": options })))
    }

    fn webkit(&self) -> Result<(Vec<Running>, u16, Value), String> {
        let mut display = Command::new(&self.browser);
        display.args(["-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]);
        let (display, number) = Running::start(&mut display, |line| line.trim().parse::<u32>().ok())?;
        // The driver doesn't choose a port, and ends if another program takes the one that was free.
        for _ in 0..STARTS {
            let port =
                TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).map_err(|error| error.to_string())?;
            let mut driver = Command::new(&self.driver);
            driver.arg(format!("--port={}", port.port())).env("DISPLAY", format!(":{number}")).stdout(Stdio::null());
            let mut driver = Running::start_silently(&mut driver)?;
            let begin = Instant::now();
            while !driver.has_ended() {
                if TcpStream::connect(port).is_ok() {
                    // The driver ends before its display.
                    return Ok((vec![driver, display], port.port(), json!({})));
                }
                if begin.elapsed() > START_TIMEOUT {
                    return Err(format!("{} doesn't listen on {port}", self.driver.display()));
                }
                thread::sleep(Duration::from_millis(20));
            }
        }
        Err(format!("{} ended at once, {STARTS} times", self.driver.display()))
    }
}

/// The running program that drives a browser, and the display if it needs one.
pub struct Driver {
    pub port: u16,
    pub capabilities: Value,
    _running: Vec<Running>,
}

//! Drives a browser with a reading room, or with a book built by stock mdBook and opened from disk. Dropping any of them
//! ends it.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use exercises::catalog::EXERCISES;
use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use reading_room::book;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::engine::{Driver, Engine, Programs, Running};

/// The outcome of a test: an error says what is wrong.
pub type Fault = Result<(), String>;

/// The beginning of every script. `lab` is the lab that the script is about.
const PRELUDE: &str = "
    const lab = document.querySelectorAll('figure.lab')[arguments[0]];
    const all = selector => [...lab.querySelectorAll(selector)];
    const text = selector => lab.querySelector(selector)?.textContent ?? '';
    const runs = () => all('.lab-run');
    const over = () => text('.lab-go') !== 'Stop';
    // The number of pixels of a run's picture that have a color of the page.
    const painted = (run, name) => {
        const canvas = run.querySelector('canvas');
        const one = new OffscreenCanvas(1, 1).getContext('2d');
        one.fillStyle = getComputedStyle(lab).getPropertyValue(name).trim();
        one.fillRect(0, 0, 1, 1);
        const [red, green, blue] = one.getImageData(0, 0, 1, 1).data;
        const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
        copy.drawImage(canvas, 0, 0);
        const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
        let count = 0;
        for (let at = 0; at < data.length; at += 4) {
            if (data[at] === red && data[at + 1] === green && data[at + 2] === blue && data[at + 3] === 255) count += 1;
        }
        return count;
    };
";

/// A command that only Chromium's driver has.
#[derive(Debug)]
struct Extension {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Extension {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}

/// A browser with one window.
pub struct Browser {
    runtime: Runtime,
    client: Client,
    mdbook: PathBuf,
    engine: Engine,
    _driver: Driver,
    folder: TempDir,
    room: OnceCell<(Running, String)>,
    /// The program that the room runs instead of cargo.
    cargo: PathBuf,
    book: OnceCell<PathBuf>,
}

impl Browser {
    pub fn start(programs: &Programs) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let driver = programs.start(&folder.path().join("profile"))?;
        let runtime = Runtime::new().map_err(|error| error.to_string())?;
        let client = runtime.block_on(async {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            builder.capabilities(driver.capabilities.as_object().expect("it is one").clone());
            builder.connect(&format!("http://127.0.0.1:{}", driver.port)).await
        });
        let client = client.map_err(|error| error.to_string())?;
        let (room, book) = Default::default();
        let cargo = folder.path().join("cargo");
        let (mdbook, engine) = (programs.mdbook.clone(), programs.engine());
        Ok(Self { runtime, client, mdbook, engine, _driver: driver, folder, room, cargo, book })
    }

    /// The engine of the browser.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The address of the reading room. The first call opens the room, and gives this browser its cookie.
    pub fn room(&self) -> Result<&str, String> {
        if self.room.get().is_none() {
            self.use_cargo(None)?;
            self.copy_exercises().map_err(|error| error.to_string())?;
            let mut room = Command::new(env!("CARGO_BIN_EXE_reading-room"));
            room.args(["serve", "--port=0"]).env("CARGO", &self.cargo);
            room.env("EXERCISES_FOLDER", self.exercises());
            let (room, address) = Running::start(&mut room, |line| {
                line.split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned)
            })?;
            self.runtime.block_on(self.client.goto(&address)).map_err(|error| format!("{address}: {error}"))?;
            let (base, _) = address.split_once("/?token=").ok_or("the address has no token")?;
            let _ = self.room.set((room, base.to_owned()));
        }
        Ok(&self.room.get().expect("it is open").1)
    }

    /// The folder with the exercises that the room checks: a copy of the repository's.
    pub fn exercises(&self) -> PathBuf {
        self.folder.path().join("exercises")
    }

    fn copy_exercises(&self) -> io::Result<()> {
        fs::create_dir_all(self.exercises())?;
        for exercise in EXERCISES {
            let file = Path::new(exercise.name).with_extension("rs");
            fs::copy(book::root().join("chapters/exercises").join(&file), self.exercises().join(&file))?;
        }
        Ok(())
    }

    /// Lets the room run a shell script when it would run cargo; without a script, cargo itself.
    pub fn use_cargo(&self, script: Option<&str>) -> Fault {
        let cargo = env::var_os("CARGO").unwrap_or("cargo".into());
        let script = script.map_or_else(|| format!("exec '{}' \"$@\"", cargo.display()), str::to_owned);
        fs::write(&self.cargo, format!("#!/bin/sh\n{script}\n")).map_err(|error| error.to_string())?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&self.cargo, fs::Permissions::from_mode(0o700)).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// The folder of the book that stock mdBook has built. The first call builds it.
    pub fn book(&self) -> Result<&Path, String> {
        if self.book.get().is_none() {
            let book = self.folder.path().join("book");
            let mut mdbook = Command::new(&self.mdbook);
            let built = mdbook.arg("build").arg(book::folder()).arg("--dest-dir").arg(&book).output();
            let built = built.map_err(|error| error.to_string())?;
            if !built.status.success() {
                return Err(String::from_utf8_lossy(&built.stderr).into_owned());
            }
            let _ = self.book.set(book);
        }
        Ok(self.book.get().expect("it is built"))
    }

    /// The address of a page of it.
    pub fn file(&self, page: &str) -> Result<String, String> {
        Ok(format!("file://{}", self.book()?.join(page).display()))
    }

    /// Closes the window, and with it the browser.
    pub fn close(self) {
        let _ = self.runtime.block_on(self.client.close());
    }

    fn extension(&self, path: &'static str, body: Value) -> Result<Value, String> {
        self.runtime.block_on(self.client.issue_cmd(Extension { path, body })).map_err(|error| error.to_string())
    }

    /// Shows a page on disk, all of whose scripts have run when this returns.
    pub fn visit(&self, address: &str) -> Fault {
        self.runtime.block_on(self.client.goto(address)).map_err(|error| format!("{address}: {error}"))
    }

    /// Shows a page, and waits until its labs are there.
    pub fn open(&self, address: &str) -> Fault {
        // Tells the old page from the new one, which may have the same address.
        self.get(0, "window.before = true")?;
        self.runtime.block_on(self.client.goto(address)).map_err(|error| format!("{address}: {error}"))?;
        let there =
            "!window.before && [...document.querySelectorAll('figure.lab')].every(it => it.querySelector('.lab-box'))";
        loop {
            match self.wait(0, there) {
                // The old page was still there.
                Err(error) if error.contains("unloaded") => {}
                waited => return waited,
            }
        }
    }

    /// Sets the size of the window.
    pub fn resize(&self, width: u32, height: u32) -> Fault {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.extension("goog/cdp/execute", json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": size }))
            .map(drop)
    }

    /// The value of an expression about a lab.
    pub fn get(&self, lab: usize, expression: &str) -> Result<Value, String> {
        let script = format!("{PRELUDE} return {expression};");
        self.runtime
            .block_on(self.client.execute(&script, vec![json!(lab)]))
            .map_err(|error| format!("{expression}: {error}"))
    }

    /// Waits until an expression about a lab is true.
    pub fn wait(&self, lab: usize, expression: &str) -> Fault {
        let script = format!(
            "{PRELUDE} const done = arguments[1], until = performance.now() + 90000;
             const look = () => {{
                 if ({expression}) done('');
                 else if (performance.now() > until) done(`not true: {}\\n${{lab?.querySelector('.lab-box')?.innerText}}`);
                 else setTimeout(look, 10);
             }};
             look();",
            expression.replace(['`', '$', '\\'], " ")
        );
        let result = self.runtime.block_on(self.client.execute_async(&script, vec![json!(lab)]));
        match result.map_err(|error| format!("{expression}: {error}"))?.as_str() {
            Some("") => Ok(()),
            error => Err(error.unwrap_or("the script returned nothing").to_owned()),
        }
    }

    /// Fails if an expression about a lab isn't true.
    pub fn check(&self, lab: usize, expression: &str) -> Fault {
        match self.get(lab, expression)? {
            Value::Bool(true) => Ok(()),
            other => {
                Err(format!("{expression} is {other}, in\n{}", self.get(lab, "lab.innerText")?.as_str().unwrap_or("")))
            }
        }
    }

    /// Clicks on the first element that a selector finds in a lab.
    pub fn click(&self, lab: usize, selector: &str) -> Fault {
        self.get(lab, &format!("lab.querySelector({selector:?}).scrollIntoView({{ block: 'center' }})"))?;
        let click = async {
            let labs = self.client.find_all(Locator::Css("figure.lab")).await?;
            labs[lab].find(Locator::Css(selector)).await?.click().await
        };
        self.runtime.block_on(click).map_err(|error| format!("{selector}: {error}"))
    }

    /// Clicks on the first element of the page that a selector finds.
    pub fn click_on(&self, selector: &str) -> Fault {
        self.get(0, &format!("document.querySelector({selector:?}).scrollIntoView({{ block: 'center' }})"))?;
        let click = async { self.client.find(Locator::Css(selector)).await?.click().await };
        self.runtime.block_on(click).map_err(|error| format!("{selector}: {error}"))
    }

    /// Shows the page as it is printed, or as it is on the screen.
    pub fn emulate_print(&self, print: bool) -> Fault {
        let media = json!({ "media": if print { "print" } else { "" } });
        self.extension("goog/cdp/execute", json!({ "cmd": "Emulation.setEmulatedMedia", "params": media })).map(drop)
    }

    /// Sets the values of options.
    pub fn set(&self, lab: usize, options: &[(&str, &str)]) -> Fault {
        for (option, value) in options {
            let field = format!("lab.querySelector('.lab-field input[id$=\"-{option}\"]')");
            self.get(
                lab,
                &format!("({field}.value = {value:?}, {field}.dispatchEvent(new Event('input', {{ bubbles: true }})))"),
            )?;
        }
        Ok(())
    }

    /// Types a value into the field of an option.
    pub fn type_in(&self, lab: usize, option: &str, value: &str) -> Fault {
        let selector = format!(".lab-field input[id$=\"-{option}\"]");
        let set = async {
            let labs = self.client.find_all(Locator::Css("figure.lab")).await?;
            let field = labs[lab].find(Locator::Css(&selector)).await?;
            field.clear().await?;
            field.send_keys(value).await
        };
        self.runtime.block_on(set).map_err(|error| format!("{option}: {error}"))
    }

    /// Presses keys in sequence, in the element that has the focus.
    pub fn press(&self, keys: &[char]) -> Fault {
        let strokes = keys.iter().fold(KeyActions::new("keyboard".to_owned()), |actions, key| {
            actions.then(KeyAction::Down { value: *key }).then(KeyAction::Up { value: *key })
        });
        self.runtime.block_on(self.client.perform_actions(strokes)).map_err(|error| error.to_string())
    }

    /// The messages in the page's console since the last call, if the engine is Chromium, and the page's requests to other
    /// hosts.
    pub fn complaints(&self) -> Result<Vec<String>, String> {
        let log = match self.engine {
            Engine::Chromium => self.extension("se/log", json!({ "type": "browser" }))?,
            Engine::Firefox | Engine::WebKit => Value::Null,
        };
        let messages =
            log.as_array().into_iter().flatten().map(|entry| entry["message"].as_str().unwrap_or("?").to_owned());
        let script = "performance.getEntriesByType('resource').map(it => it.name)
            .filter(name => !name.startsWith('data:') && new URL(name).host !== location.host)";
        let foreign = self.get(0, script)?;
        let foreign = foreign.as_array().into_iter().flatten().map(|name| format!("it requests {name}"));
        Ok(messages.chain(foreign).collect())
    }
}

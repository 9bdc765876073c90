//! Measures the memory of ten thousand idle connections, in the process and in the kernel.
//!
//! `cargo run --example connections -- threads 10000` serves them with a thread each. `coroutines` serves them with
//! coroutines on one thread that keep a buffer of 8 KiB each, and `no-buffer` with coroutines that have a buffer only
//! while there's something to read. The clients are in another process. Each of them sends one line, reads the
//! answer, and stays connected.

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{self, BufRead, BufReader, Read, Write};
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::process::{Child, Command, Stdio};
    use std::{env, fs, thread};

    use chapters::memory::{Memory, field};
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    use tokio::io::AsyncWriteExt;

    /// The argument that makes this program the clients of an address.
    const CLIENTS: &str = "--clients";

    pub fn main() -> Result<(), String> {
        let arguments: Vec<String> = env::args().skip(1).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let usage = "say `threads`, `coroutines` or `no-buffer`, and how many connections";
        let [kind, count] = arguments[..] else {
            if let [CLIENTS, address, count] = arguments[..] {
                let address = address.parse().map_err(|_| usage.to_owned())?;
                return clients(address, count.parse().map_err(|_| usage.to_owned())?).map_err(|it| it.to_string());
            }
            return Err(usage.to_owned());
        };
        let serve: fn(TcpListener) -> io::Result<()> = match kind {
            "threads" => with_threads,
            "coroutines" => with_coroutines,
            "no-buffer" => without_buffers,
            _ => return Err(usage.to_owned()),
        };
        measure(serve, count.parse().map_err(|_| usage.to_owned())?).map_err(|error| error.to_string())
    }

    /// Prints how much more memory is in use when `count` clients are connected than when one is.
    fn measure(serve: fn(TcpListener) -> io::Result<()>, count: u32) -> io::Result<()> {
        let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
        setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        thread::spawn(move || serve(listener));
        drop(Clients::start(address, 1)?); // the first connection also pays for what all of them share
        let (before, inodes_before) = (Memory::of_this_process()?, inodes()?);
        let clients = Clients::start(address, count)?;
        let Memory { pss, kernel_stacks, page_tables, slab } = Memory::of_this_process()? - before;
        let inodes = inodes()? - inodes_before;
        drop(clients);
        let parts = [
            ("in the process (PSS)", pss),
            ("kernel stacks", kernel_stacks),
            ("page tables", page_tables),
            ("slab, both ends", slab),
            ("inodes, both ends", inodes),
        ];
        for (name, bytes) in parts {
            let each = bytes as f64 / 1024.0 / f64::from(count.max(1));
            println!("{name:<24}{each:>6.1} KiB per connection");
        }
        Ok(())
    }

    /// The slab that the kernel could reclaim, of the whole machine, in bytes. It contains the inodes and directory entries
    /// of sockets, which the kernel can't reclaim while the sockets are open.
    fn inodes() -> io::Result<i64> {
        let size = field(&fs::read_to_string("/proc/meminfo")?, "SReclaimable");
        Ok((size.ok_or_else(|| io::Error::other("/proc/meminfo has no SReclaimable"))? << 10) as i64)
    }

    fn with_threads(listener: TcpListener) -> io::Result<()> {
        loop {
            let (connection, _) = listener.accept()?;
            thread::spawn(move || -> io::Result<()> {
                for line in BufReader::new(&connection).lines() {
                    (&connection).write_all(format!("{}\n", line?).as_bytes())?;
                }
                Ok(())
            });
        }
    }

    #[tokio::main(flavor = "current_thread")]
    async fn with_coroutines(listener: TcpListener) -> io::Result<()> {
        use tokio::io::{AsyncBufReadExt, BufReader};
        let listener = from_std(listener)?;
        loop {
            let (mut connection, _) = listener.accept().await?;
            tokio::spawn(async move {
                let (reader, mut writer) = connection.split();
                let mut lines = BufReader::new(reader).lines();
                while let Some(line) = lines.next_line().await? {
                    writer.write_all(format!("{line}\n").as_bytes()).await?;
                }
                io::Result::Ok(())
            });
        }
    }

    #[tokio::main(flavor = "current_thread")]
    async fn without_buffers(listener: TcpListener) -> io::Result<()> {
        let listener = from_std(listener)?;
        loop {
            let (connection, _) = listener.accept().await?;
            tokio::spawn(echo(connection));
        }
    }

    async fn echo(mut connection: tokio::net::TcpStream) -> io::Result<()> {
        loop {
            connection.readable().await?;
            let mut buffer = vec![0; 8192];
            match connection.try_read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(length) => connection.write_all(&buffer[..length]).await?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {} // a false alarm
                Err(error) => return Err(error),
            }
        }
    }

    fn from_std(listener: TcpListener) -> io::Result<tokio::net::TcpListener> {
        listener.set_nonblocking(true)?;
        tokio::net::TcpListener::from_std(listener)
    }

    /// Clients in a process of their own, which end when this value is dropped.
    struct Clients(Child);

    impl Clients {
        /// Starts `count` clients, and returns when each of them has had an answer.
        fn start(address: SocketAddr, count: u32) -> io::Result<Self> {
            let mut command = Command::new(env::current_exe()?);
            command.args([CLIENTS, &address.to_string(), &count.to_string()]);
            let mut clients = Self(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?);
            let mut line = String::new();
            BufReader::new(clients.0.stdout.take().expect("it's a pipe")).read_line(&mut line)?;
            if line.is_empty() { Err(io::Error::other("the clients can't connect")) } else { Ok(clients) }
        }
    }

    impl Drop for Clients {
        fn drop(&mut self) {
            drop(self.0.stdin.take()); // the clients wait for the end of their input
            let _ = self.0.wait();
        }
    }

    fn clients(address: SocketAddr, count: u32) -> io::Result<()> {
        let connect = |_| {
            let mut connection = TcpStream::connect(address)?;
            connection.write_all(b"hello\n")?;
            connection.read_exact(&mut [0; 6])?;
            Ok(connection)
        };
        let connections = (0..count).map(connect).collect::<io::Result<Vec<_>>>()?;
        println!("connected");
        io::stdin().read_line(&mut String::new())?;
        drop(connections);
        Ok(())
    }
}

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    let Err(error) = linux::main() else { return std::process::ExitCode::SUCCESS };
    eprintln!("error: {error}");
    std::process::ExitCode::from(2)
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    chapters::demo::needs_linux("connections", "it reads /proc")
}

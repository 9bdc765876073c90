use chapters::scheduler::println;
use chapters::scheduler::sync::Arc;
use chapters::scheduler::task::{Mutex, block_on, sleep, spawn};
use std::time::Duration;
use tokio::select;

async fn query(connection: &Mutex<u32>) {
    *connection.lock().await += 1;
}

pub fn main() {
    block_on(async {
        let connection = Arc::new(Mutex::new(0));
        let theirs = Arc::clone(&connection);
        spawn(async move {
            let _guard = theirs.lock().await;
            sleep(Duration::from_secs(10)).await;
        });
        sleep(Duration::from_millis(1)).await;
        select! {
            biased;
            () = query(&connection) => println!("done"),
            () = sleep(Duration::from_secs(1)) => {
                query(&connection).await;
                println!("done at the second attempt");
            }
        }
    });
}

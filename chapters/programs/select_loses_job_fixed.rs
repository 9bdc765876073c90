use chapters::scheduler::println;
use chapters::scheduler::task::mpsc::channel;
use chapters::scheduler::task::{block_on, sleep, spawn};
use std::time::Duration;
use tokio::select;

async fn do_job(job: u32) {
    sleep(Duration::from_millis(1)).await; // writes the job to a log
    println!("did {job:?}");
}

pub fn main() {
    block_on(async {
        let (sender, mut jobs) = channel(1);
        spawn(async move { sender.send(1).await.unwrap() });
        select! {
            biased;
            Some(job) = jobs.recv() => do_job(job).await,
            () = sleep(Duration::from_millis(10)) => println!("stops waiting"),
        }
        while let Some(job) = jobs.recv().await {
            do_job(job).await;
        }
    });
}

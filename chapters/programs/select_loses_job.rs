use chapters::scheduler::println;
use chapters::scheduler::task::mpsc::{Receiver, channel};
use chapters::scheduler::task::{block_on, sleep, spawn};
use std::time::Duration;
use tokio::select;

async fn next_job(jobs: &mut Receiver<u32>) -> Option<u32> {
    let job = jobs.recv().await;
    sleep(Duration::from_millis(1)).await; // writes the job to a log
    job
}

pub fn main() {
    block_on(async {
        let (sender, mut jobs) = channel(1);
        spawn(async move { sender.send(1).await.unwrap() });
        select! {
            biased;
            job = next_job(&mut jobs) => println!("did {job:?}"),
            () = sleep(Duration::from_millis(10)) => println!("stops waiting"),
        }
        while let Some(job) = jobs.recv().await {
            println!("did {job:?}");
        }
    });
}

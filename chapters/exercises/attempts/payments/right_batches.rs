//! Fetches batches, and waits for each of them for half a minute.

use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use checks::broker::{Database, Payment};
use futures_util::StreamExt;

/// Adds the payments to the balance, for as long as the broker delivers some.
pub async fn consume(payments: PullConsumer, database: Database) -> Result<(), async_nats::Error> {
    loop {
        let mut batch = payments.batch().max_messages(1).expires(Duration::from_secs(30)).messages().await?;
        while let Some(message) = batch.next().await {
            let message = message?;
            let payment = Payment::read(&message.payload)?;
            let is_new = database.transaction(|tables| {
                let is_new = tables.done.insert(payment.number);
                tables.balance += if is_new { payment.amount } else { 0 };
                is_new
            });
            _ = is_new.await;
            message.ack().await?;
        }
    }
}

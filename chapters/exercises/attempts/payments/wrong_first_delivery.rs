//! Ignores payments that were delivered before.
//! Refused: is lost

use async_nats::jetstream::consumer::PullConsumer;
use checks::broker::{Database, Payment};
use futures_util::StreamExt;

/// Adds the payments to the balance, for as long as the broker delivers some.
pub async fn consume(payments: PullConsumer, database: Database) -> Result<(), async_nats::Error> {
    let mut messages = payments.messages().await?;
    while let Some(message) = messages.next().await {
        let message = message?;
        let payment = Payment::read(&message.payload)?;
        if message.info()?.delivered == 1 {
            database
                .transaction(|tables| {
                    if tables.done.insert(payment.number) {
                        tables.balance += payment.amount;
                    }
                })
                .await;
        }
        message.ack().await?;
    }
    Ok(())
}

//! Returns when there are no more payments.
//! Refused: although there may be more payments later

use async_nats::jetstream::consumer::PullConsumer;
use checks::broker::{Database, Payment};
use futures_util::StreamExt;

/// Adds the payments to the balance, for as long as the broker delivers some.
pub async fn consume(payments: PullConsumer, database: Database) -> Result<(), async_nats::Error> {
    let mut is_empty = false;
    while !is_empty {
        is_empty = true;
        let mut batch = payments.fetch().max_messages(10).messages().await?;
        while let Some(message) = batch.next().await {
            is_empty = false;
            let message = message?;
            let payment = Payment::read(&message.payload)?;
            database
                .transaction(|tables| {
                    if tables.done.insert(payment.number) {
                        tables.balance += payment.amount;
                    }
                })
                .await;
            message.ack().await?;
        }
    }
    Ok(())
}

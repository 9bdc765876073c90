//! The number of a payment and the new balance are stored in one transaction, and the payment is acknowledged after it.

use async_nats::jetstream::consumer::PullConsumer;
use checks::broker::{Database, Payment, Tables};
use futures_util::StreamExt;

// ANCHOR: solution
/// Adds the payments to the balance, for as long as the broker delivers some.
pub async fn consume(payments: PullConsumer, database: Database) -> Result<(), async_nats::Error> {
    let mut messages = payments.messages().await?;
    while let Some(message) = messages.next().await {
        let message = message?;
        let payment = Payment::read(&message.payload)?;
        let add = |tables: &mut Tables| {
            if tables.done.insert(payment.number) {
                tables.balance += payment.amount;
            }
        };
        database.transaction(add).await;
        message.ack().await?;
    }
    Ok(())
}
// ANCHOR_END: solution

//! A broker delivers payments at least once: a payment that isn't acknowledged is delivered again, perhaps to another consumer.
//!
//! Add each payment to the balance exactly once. A `Payment` has a `number` and an `amount`, and two payments with the same
//! number are the same one. There are two tables: `balance`, which is a `u64`, and `done`, a `BTreeSet<u64>` for numbers. A
//! consumer may be killed at any moment, and then another one takes over. A transaction is stored as a whole or not at all,
//! and its changes survive the consumer. Don't ask the broker for payments again and again: `messages` waits for them.
//!
//! For this exercise, you need `nats-server`. Its check starts a broker.

use async_nats::jetstream::consumer::PullConsumer;
use checks::broker::{Database, Payment};
use futures_util::StreamExt;

/// Adds the payments to the balance, for as long as the broker delivers some.
pub async fn consume(payments: PullConsumer, database: Database) -> Result<(), async_nats::Error> {
    let mut messages = payments.messages().await?;
    while let Some(message) = messages.next().await {
        let message = message?;
        let payment = Payment::read(&message.payload)?;
        database.transaction(|tables| tables.balance += payment.amount).await;
        message.ack().await?;
    }
    Ok(())
}

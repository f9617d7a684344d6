//! The methods of payments: invoices, the answer before a payment, refunds.

use super::send;
use crate::sandbox::answer::Refusal;
use crate::sandbox::entities;
use crate::sandbox::handle::Sandbox;
use crate::sandbox::keyboard::Keyboard;
use crate::sandbox::messages::Extras;
use crate::sandbox::params::Params;
use crate::sandbox::payments::{Checkout, CheckoutState, Invoice, STARS, Special, price};
use crate::sandbox::stars::Deal;
use crate::sandbox::updates::UpdateKind;
use crate::sandbox::world::{Draft, Stamp, World};
use serde_json::Value;

pub(super) fn invoice(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    let invoice = Invoice::read(params)?;
    let draft = send::draft("sendInvoice", params)?;
    if draft.keyboard != Keyboard::None && !draft.keyboard.begins_with_pay() {
        return Err(Refusal::bad("REPLY_MARKUP_BUY_EMPTY"));
    }
    let body = entities::plain(&invoice.title);
    let extras = Extras { special: Some(Box::new(Special::Invoice(invoice))), ..draft.extras };
    send::deliver_one(sandbox, params, |_| Ok(Draft { body, extras, ..draft }))
}

pub(super) fn invoice_link(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    let invoice = Invoice::read(params)?;
    Ok(sandbox.with(|world, stamp| world.shop.link(invoice, stamp)).into())
}

pub(super) fn answer_pre_checkout(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    let id = params.text("pre_checkout_query_id").unwrap_or_default();
    let error = params.text("error_message").unwrap_or_default();
    let ok = params.flag("ok");
    if !ok && error.is_empty() {
        return Err(Refusal::bad("error_message must be non-empty"));
    }
    sandbox.with(|world, stamp| {
        let checkout = world.shop.waiting(&id, stamp).ok_or_else(Refusal::query_too_old)?;
        if ok {
            let checkout = checkout.clone();
            let state = conclude(world, checkout, stamp);
            if let Some(checkout) = world.shop.waiting(&id, stamp) {
                checkout.state = state;
            }
        } else {
            checkout.state = CheckoutState::Refused { error };
        }
        Ok(Value::Bool(true))
    })
}

pub(super) fn refund(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    let user = params.int("user_id").ok_or_else(|| Refusal::bad("invalid user_id specified"))?;
    let charge = params.text("telegram_payment_charge_id").unwrap_or_default();
    sandbox.with(|world, stamp| {
        let sale = world.shop.sale(user, &charge).ok_or_else(|| Refusal::bad("CHARGE_NOT_FOUND"))?;
        if sale.refunded {
            return Err(Refusal::bad("CHARGE_ALREADY_REFUNDED"));
        }
        let sale = sale.clone();
        let deal = deal(world, user, &sale.charge, &sale.invoice);
        if !world.stars.give_back(deal, stamp.at) {
            return Err(Refusal::bad("BALANCE_TOO_LOW"));
        }
        if let Some(sale) = world.shop.sale(user, &charge) {
            sale.refunded = true;
        }
        let text = format!("refunded {}", price(sale.invoice.total, &sale.invoice.currency));
        serve(world, user, &text, Special::Refunded(sale.to_json()), stamp);
        Ok(Value::Bool(true))
    })
}

/// Takes the money, unless the message was paid for meanwhile.
fn conclude(world: &mut World, checkout: Checkout, stamp: Stamp) -> CheckoutState {
    if world.shop.is_paid(checkout.chat, checkout.message) {
        return CheckoutState::Refused { error: "this invoice is already paid".into() };
    }
    let sale = world.shop.sell(checkout.chat, checkout.invoice, stamp);
    if sale.invoice.currency == STARS {
        let deal = deal(world, sale.chat, &sale.charge, &sale.invoice);
        world.stars.take_in(deal, stamp.at);
    }
    let text = format!("paid {}", price(sale.invoice.total, &sale.invoice.currency));
    match serve(world, sale.chat, &text, Special::Paid(sale.to_json()), stamp) {
        Some(message_id) => CheckoutState::Paid { message_id, charge: sale.charge },
        None => CheckoutState::Expired,
    }
}

/// Puts a service message into a chat and tells the bot.
fn serve(world: &mut World, chat: i64, text: &str, special: Special, stamp: Stamp) -> Option<i32> {
    let message = world.write_for_user(chat, entities::plain(text), Some(special), stamp)?;
    let id = message.get("message_id").and_then(Value::as_i64).and_then(|id| i32::try_from(id).ok());
    world.updates.push(UpdateKind::Message, chat, message, stamp.at);
    id
}

fn deal(world: &World, user: i64, charge: &str, invoice: &Invoice) -> Deal {
    Deal {
        charge: charge.to_owned(),
        user: world.chats.get(user).map(|chat| chat.user_json()).unwrap_or_default(),
        stars: invoice.total.unsigned_abs(),
        payload: invoice.payload.clone(),
    }
}

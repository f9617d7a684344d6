"""A small bot in aiogram, as one is written for Telegram: nothing in it knows of the sandbox but the address."""

import asyncio
import os

from aiogram import Bot, Dispatcher, F
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import Command, CommandObject, CommandStart
from aiogram.types import (
    BufferedInputFile,
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LabeledPrice,
    Message,
    PreCheckoutQuery,
)

# one red pixel
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)

dispatcher = Dispatcher()


def keyboard() -> InlineKeyboardMarkup:
    row = [InlineKeyboardButton(text="One more", callback_data="more:1"), InlineKeyboardButton(text="Docs", url="https://example.org/")]
    return InlineKeyboardMarkup(inline_keyboard=[row])


@dispatcher.message(CommandStart())
async def start(message: Message, command: CommandObject) -> None:
    await message.answer(f"Hello, <b>{message.from_user.first_name}</b>! [{command.args or ''}]", parse_mode="HTML", reply_markup=keyboard())


@dispatcher.callback_query(F.data.startswith("more:"))
async def more(query: CallbackQuery) -> None:
    count = int(query.data.split(":")[1])
    button = InlineKeyboardButton(text="One more", callback_data=f"more:{count + 1}")
    await query.message.edit_text(f"Pressed {count}", reply_markup=InlineKeyboardMarkup(inline_keyboard=[[button]]))
    await query.answer(f"That makes {count}")


@dispatcher.message(Command("photo"))
async def photo(message: Message) -> None:
    sent = await message.answer_photo(BufferedInputFile(PIXEL, "pixel.png"), caption="A pixel")
    await message.answer_photo(sent.photo[-1].file_id, caption="The same by its id")


@dispatcher.message(Command("buy"))
async def buy(message: Message) -> None:
    prices = [LabeledPrice(label="One month", amount=250)]
    await message.answer_invoice(title="One month", description="30 days of everything", payload="month", currency="XTR", prices=prices)


@dispatcher.pre_checkout_query()
async def before_payment(query: PreCheckoutQuery) -> None:
    await query.answer(ok=query.total_amount == 250)


@dispatcher.message(F.successful_payment)
async def paid(message: Message, bot: Bot) -> None:
    payment = message.successful_payment
    await message.answer(f"Paid {payment.total_amount} {payment.currency} for {payment.invoice_payload}")
    if message.from_user.first_name == "Regret":
        await bot.refund_star_payment(message.from_user.id, payment.telegram_payment_charge_id)


@dispatcher.message(F.refunded_payment)
async def refunded(message: Message) -> None:
    await message.answer(f"Given back {message.refunded_payment.total_amount}")


async def main() -> None:
    session = AiohttpSession(api=TelegramAPIServer.from_base(os.environ["API_URL"]))
    bot = Bot(os.environ["TELEGRAM_TOKEN"], session=session)
    await dispatcher.start_polling(bot, handle_signals=True, polling_timeout=1)


asyncio.run(main())

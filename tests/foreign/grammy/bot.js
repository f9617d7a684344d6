// A small bot in grammY, as one is written for Telegram: nothing in it knows of the sandbox but the address.

const { Bot, InlineKeyboard, InputFile } = require("grammy");

// one red pixel
const PIXEL = Buffer.from(
  "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de" +
    "0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082",
  "hex",
);

const bot = new Bot(process.env.TELEGRAM_TOKEN, { client: { apiRoot: process.env.API_URL } });

bot.command("start", (ctx) =>
  ctx.reply(`Hello, <b>${ctx.from.first_name}</b>! [${ctx.match}]`, {
    parse_mode: "HTML",
    reply_markup: new InlineKeyboard().text("One more", "more:1").url("Docs", "https://example.org/"),
  }),
);

bot.callbackQuery(/^more:(\d+)$/, async (ctx) => {
  const count = Number(ctx.match[1]);
  await ctx.editMessageText(`Pressed ${count}`, {
    reply_markup: new InlineKeyboard().text("One more", `more:${count + 1}`),
  });
  await ctx.answerCallbackQuery(`That makes ${count}`);
});

bot.command("photo", async (ctx) => {
  const sent = await ctx.replyWithPhoto(new InputFile(PIXEL, "pixel.png"), { caption: "A pixel" });
  await ctx.replyWithPhoto(sent.photo[sent.photo.length - 1].file_id, { caption: "The same by its id" });
});

bot.command("buy", (ctx) =>
  ctx.replyWithInvoice("One month", "30 days of everything", "month", "XTR", [{ label: "One month", amount: 250 }]),
);

bot.on("pre_checkout_query", (ctx) => ctx.answerPreCheckoutQuery(ctx.preCheckoutQuery.total_amount === 250));

bot.on("message:successful_payment", async (ctx) => {
  const payment = ctx.message.successful_payment;
  await ctx.reply(`Paid ${payment.total_amount} ${payment.currency} for ${payment.invoice_payload}`);
  if (ctx.from.first_name === "Regret") await ctx.refundStarPayment();
});

bot.on("message:refunded_payment", (ctx) => ctx.reply(`Given back ${ctx.message.refunded_payment.total_amount}`));

process.once("SIGTERM", () => bot.stop());
bot.start({ timeout: 1 });

"""Push to talk in an asyncio program: the loop never waits for disk or encoder.

    python push_to_talk_asyncio.py FOLDER WAV

Calls that wait run in a thread of their own (asyncio.to_thread; they release the GIL), and the
recorder's events come into the loop with call_soon_threadsafe. The WAV file stands in for a
microphone: it comes in pieces of 20 ms in its own time.
"""

import asyncio
import pathlib
import sys
import wave
from contextlib import AsyncExitStack

import voicepriv as vp

PIECE_S = 0.02


async def speak(source: vp.PushSource, wav: str) -> None:
    """The microphone: a write never waits, so it may be called right here."""
    with wave.open(wav) as file:
        n_frames = int(file.getframerate() * PIECE_S)
        while piece := file.readframes(n_frames):
            source.write(piece)
            await asyncio.sleep(PIECE_S)


async def main(folder: pathlib.Path, wav: str) -> None:
    loop, events = asyncio.get_running_loop(), asyncio.Queue[vp.Indicator | vp.RecorderEvent]()

    def tell(what: vp.Indicator | vp.RecorderEvent) -> None:
        loop.call_soon_threadsafe(events.put_nowait, what)

    with wave.open(wav) as file:
        rate_hz, n_channels = file.getframerate(), file.getnchannels()
    async with AsyncExitStack() as stack:
        root = stack.enter_context(vp.RootStore.file(folder / "talk.root"))
        vault, keyring = await asyncio.to_thread(vp.Vault.create, folder / "talk.vault", root)
        stack.enter_context(vault)
        stack.enter_context(keyring)
        ada = await asyncio.to_thread(vault.add_subject, "Ada")
        notice = vp.Notice("history", "1", "en", "We keep what you say for you.")
        await asyncio.to_thread(vault.add_notice, notice)
        await asyncio.to_thread(vault.give_consent, ada, vp.Purpose.KEEP_HISTORY, notice="history")

        source = stack.enter_context(vp.PushSource(rate_hz, n_channels))
        recorder = stack.enter_context(vp.Recorder(
            vault, source, subjects=[ada], all_identified=True, retention="90d",
            on_indicator=tell, on_event=tell))
        await asyncio.to_thread(recorder.start)
        await asyncio.to_thread(recorder.trigger, vp.TriggerKind.BUTTON)  # the button goes down
        await asyncio.to_thread(recorder.confirm)
        await speak(source, wav)
        await asyncio.to_thread(recorder.finish)  # and up again
        await asyncio.to_thread(recorder.stop)
        while True:
            match await events.get():
                case vp.Indicator() as lamp:
                    print("lamp:", lamp.text)
                    if lamp is vp.Indicator.OFF:
                        return
                case vp.RecorderEvent(outcome=vp.Outcome(is_stored=True) as outcome):
                    print(f"kept: {outcome.duration.total_seconds():.2f} s")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: push_to_talk_asyncio.py FOLDER WAV")
    asyncio.run(main(pathlib.Path(sys.argv[1]), sys.argv[2]))

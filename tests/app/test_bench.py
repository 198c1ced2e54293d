"""One process a tab: started once, ended at once, and missed when it dies."""

import asyncio

from mle_toolkit.app.bench import Bench

QUESTION = {"verb": "look", "said": {"source": "@rivers", "name": "@rivers", "kind": "exact", "column": "length"}}


async def heard_until(kind, heard):
    while not any(one["kind"] == kind for one in heard):
        await asyncio.sleep(0.02)


def test_it_is_started_once_ended_at_once_and_started_anew():
    async def run():
        heard = []

        async def hear(answer):
            heard.append(answer)

        bench = Bench(hear)
        first, same, _ = await asyncio.gather(bench.start(), bench.start(), bench.ask(QUESTION))
        assert first is same
        await heard_until("done", heard)
        assert [one["kind"] for one in heard] == ["progress", "show", "done"]
        heard.clear()
        await bench.end()
        assert first.returncode is not None
        await bench.ask(QUESTION)
        other = await bench.start()
        assert other is not first
        await heard_until("done", heard)
        heard.clear()
        other.kill()
        await heard_until("died", heard)
        await bench.end()

    asyncio.run(run())

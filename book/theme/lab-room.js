// The reading room, as a page sees it: what can be run, runs, and news of the book itself. Where the page is not served by
// the room, `LabRoom.there` is false, and nothing is asked of anybody.
'use strict';

const LabRoom = (() => {
    const base = document.querySelector('meta[name="reading-room"]')?.content;
    const there = Boolean(base);
    let labs = null;

    const post = (path, body, signal) => fetch(`${base}/${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
        signal,
    });

    // Why the room refuses something, in its own words.
    async function reason(response) {
        const text = (await response.text()).trim();
        try {
            const said = JSON.parse(text);
            return said.error ?? said.reason ?? said.message ?? text;
        } catch {
            return text || `The room answers with status ${response.status}.`;
        }
    }

    const GONE = 'The room does not answer. Perhaps it was closed: open it again with cargo run.';

    // Which labs there are, and their options.
    function all() {
        labs ??= fetch(`${base}/labs`).then(async response => {
            if (!response.ok) throw new Error(await reason(response));
            return (await response.json()).labs;
        });
        return labs;
    }

    // Calls `take` for each line of a stream.
    async function lines(stream, take) {
        const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
        let rest = '';
        for (;;) {
            const { done, value } = await reader.read();
            if (done) break;
            const parts = (rest + value).split('\n');
            rest = parts.pop();
            for (const part of parts) if (part) take(JSON.parse(part));
        }
        if (rest.trim()) take(JSON.parse(rest));
    }

    // Runs a demo, and calls `take` for each line that it, or the room, says. Ends when the run has ended.
    async function run(lab, options, take, signal) {
        let response;
        try {
            response = await post('run', { lab, options }, signal);
        } catch (error) {
            throw signal.aborted ? error : new Error(GONE);
        }
        if (!response.ok) throw new Error(await reason(response));
        await lines(response.body, take);
    }

    async function command(path, body) {
        const response = await post(path, body).catch(() => { throw new Error(GONE); });
        if (!response.ok) throw new Error(await reason(response));
    }

    const stop = run => command('stop', { run });
    const kill = (run, worker) => command('kill', { run, worker });

    // A line above the page that says what is wrong with the book; nothing, if nothing is.
    function banner(text) {
        let element = document.querySelector('.lab-banner');
        if (!text) {
            element?.remove();
            return;
        }
        if (!element) {
            element = document.createElement('pre');
            element.className = 'lab-banner';
            element.setAttribute('role', 'alert');
            document.body.append(element);
        }
        if (element.textContent !== text) element.textContent = text;
    }

    // Asks for the number of the build each second while somebody looks. Another one means other pages.
    function watch() {
        let known = null;
        const look = async () => {
            if (document.visibilityState !== 'visible') return;
            const response = await fetch(`${base}/build`, { cache: 'no-store' });
            if (!response.ok) return;
            const { build, error } = await response.json();
            banner(error && `The book was not built again. This is the last page that could be built.\n\n${error}`);
            known ??= build;
            if (build !== known) location.reload();
        };
        // A room that is closed says nothing; when it is open again, the next look finds it.
        setInterval(() => look().catch(() => {}), 1000);
    }

    if (there) watch();

    return { there, all, run, stop, kill };
})();

// The page's client for the reading room: lists the labs, starts and stops runs, and reloads the page when the book has
// changed. On a page that the room doesn't serve, `LabRoom.there` is false and no request is sent.
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

    // The room's reason for refusing a request.
    async function reason(response) {
        const text = (await response.text()).trim();
        try {
            const said = JSON.parse(text);
            return said.error ?? text;
        } catch {
            return text || `The room answers with status ${response.status}.`;
        }
    }

    const GONE = 'The reading room doesn\'t answer. If you closed it, run `cargo run` again, and open the address that it prints.';

    // The labs and their options, fetched once.
    function all() {
        labs ??= fetch(`${base}/labs`).then(async response => {
            if (!response.ok) throw new Error(await reason(response));
            return (await response.json()).labs;
        });
        return labs;
    }

    // The names of all exercises, and of those that are solved.
    async function exercises() {
        const response = await fetch(`${base}/exercises`, { cache: 'no-store' });
        if (!response.ok) throw new Error(await reason(response));
        return response.json();
    }

    // Calls `take` with each JSON line of a stream.
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

    // Runs a demo and calls `take` with each line that the demo or the room writes. Returns when the run is over.
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
    // Kills a worker, or whatever else the lab's `kills` name.
    const kill = (run, target) => command('kill', { run, target });
    // Sends a line of JSON to an interactive run.
    const input = (run, line) => command('input', { run, line });

    // Shows an error of the book above the page, or removes it.
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

    // Polls the build number every second while the page is visible. A new number means new content, so the page reloads.
    function watch() {
        let known = null;
        const poll = async () => {
            if (document.visibilityState !== 'visible') return;
            const response = await fetch(`${base}/build`, { cache: 'no-store' });
            if (response.status === 403) {
                banner('The reading room was opened again, with another token. Open the address that `cargo run` printed.');
                return;
            }
            if (!response.ok) return;
            const { build, error } = await response.json();
            banner(error && `The book can't be built. You are reading the last version that could.\n\n${error}`);
            known ??= build;
            if (build !== known) location.reload();
        };
        // While the room is closed the polls fail; the first one after it opens again succeeds.
        setInterval(() => poll().catch(() => {}), 1000);
    }

    if (there) watch();

    return { there, all, exercises, run, stop, kill, input };
})();

// What a run was, from its records: a lane of bars for each worker, lines of a log, and words for all of it.
//
// A story grows record by record, so that a run is told the same way while it goes on, when it is over, and when it is
// replayed. Times are seconds since the service began to start. The words are those of `chapters/src/view`.
'use strict';

const LabStory = (() => {
    const THINGS = {
        lock: { wait: 'for the lock', hold: 'the lock', signal: 'signals' },
        rlock: { wait: 'for the rlock', hold: 'the rlock', signal: 'signals' },
        condition: { wait: 'for a notification', hold: 'the condition', signal: 'notifies' },
        event: { wait: 'for the event', hold: 'the event', signal: 'sets the event', all: true },
        semaphore: { wait: 'for a permit', hold: 'a permit', signal: 'signals' },
        barrier: { wait: 'at the barrier', hold: 'the barrier', signal: 'opens the barrier', all: true },
        room: { wait: 'for room', hold: 'room', signal: 'signals' },
        item: { wait: 'for an item', hold: 'an item', signal: 'signals' },
        tasks: { wait: 'for all tasks to be done', hold: 'a task', signal: 'signals' },
        queue: { wait: 'for the queue', hold: 'the queue', signal: 'shuts the queue down', all: true },
        gil: { wait: 'for the GIL', hold: 'the GIL', signal: 'signals' },
    };
    // How many workers are told of one by one.
    const TOLD = 8;

    const counted = (number, thing) => `${number} ${thing}${number === 1 ? '' : 's'}`;
    const percent = (part, whole) => whole > 0 ? `${(100 * part / whole).toFixed(0)} %` : '0 %';

    // A time, in the largest unit that `length` fills.
    function rounded(time, length) {
        if (length >= 1) return `${time.toFixed(3)} s`;
        if (length >= 0.001) return `${(1e3 * time).toFixed(3)} ms`;
        return `${(1e6 * time).toFixed(0)} µs`;
    }

    // A short time, to three digits.
    function brief(time) {
        const [number, unit] = time >= 1 ? [time, 's'] : time >= 0.001 ? [1e3 * time, 'ms'] : [1e6 * time, 'µs'];
        return `${number.toFixed(number >= 100 ? 0 : number >= 10 ? 1 : 2)} ${unit}`;
    }

    const bytes = number => number >= 2 ** 20 ? `${(number / 2 ** 20).toFixed(1)} MiB` : `${(number / 1024).toFixed(1)} KiB`;

    // The bars of a lane, in order of time, none of which overlap: jobs, or holds, or waits.
    class Lane {
        constructor(number) {
            this.number = number;
            this.name = `worker-${number + 1}`;
            this.began = null;
            this.ended = null;
            this.died = false;
            this.completed = 0;
            this.lastDone = null;
            this.busy = 0;
            this.jobs = [];
            this.holds = [];
            this.inner = [];
            this.waits = [];
            this.deeds = [];
            this.job = null;
            this.wait = null;
            this.held = [];
        }

        add(record) {
            const { at, event } = record;
            this.began ??= at;
            switch (event) {
            case 'job_started':
                this.job = { kind: 'job', from: at, to: Infinity, job: record.job, completed: false };
                this.jobs.push(this.job);
                break;
            case 'job_completed':
                if (this.job) this.job.completed = true;
                this.completed += 1;
                this.lastDone = at;
                this.endJob(at);
                break;
            case 'gil_acquired': this.hold('gil', at); break;
            case 'acquired': this.hold(record.of, at); break;
            case 'gil_released':
            case 'released':
                if (this.held.length) this.held.pop().to = at;
                break;
            case 'wait_started':
                this.wait = { kind: 'wait', from: at, to: Infinity, thing: record.on };
                this.waits.push(this.wait);
                break;
            case 'wait_ended': this.endWait(at); break;
            case 'job_put':
            case 'signalled': this.deeds.push(record); break;
            case 'worker_finished': this.ended = at; break;
            case 'worker_died':
                this.end(at);
                this.ended = at;
                this.died = true;
                break;
            }
        }

        hold(thing, at) {
            const bar = { kind: 'hold', from: at, to: Infinity, thing };
            (this.held.length ? this.inner : this.holds).push(bar);
            this.held.push(bar);
        }

        endJob(at) {
            if (!this.job) return;
            this.job.to = at;
            this.busy += at - this.job.from;
            this.job = null;
        }

        endWait(at) {
            if (this.wait) this.wait.to = at;
            this.wait = null;
        }

        // Ends whatever the worker is at.
        end(at) {
            this.endJob(at);
            this.endWait(at);
            for (const bar of this.held) bar.to = at;
            this.held = [];
        }
    }

    class Story {
        constructor() {
            this.records = [];
            this.lanes = [];
            this.run = null;
            this.end = 0;
            this.stopping = null;
            this.summary = null;
            this.signals = [];
            this.over = false;
            this.things = { hold: new Set(), wait: new Set(), deed: new Set() };
            this.again = false;
        }

        add(record) {
            this.records.push(record);
            this.end = Math.max(this.end, record.at);
            if (record.run) this.run = record.run;
            if (record.event === 'service_stopping') this.stopping = record.at;
            if (record.event === 'service_stopped') this.summary = record.summary;
            if (record.worker) {
                const number = Number(record.worker.slice(7)) - 1;
                const lane = this.lanes[number] ??= new Lane(number);
                lane.add(record);
                this.notice(record, lane);
            }
            if (this.summary) this.close();
        }

        // What there is to be seen besides jobs.
        notice(record, lane) {
            const { event } = record;
            if (event === 'gil_acquired') this.things.hold.add('gil');
            if (event === 'acquired') this.things.hold.add(record.of);
            if (event === 'wait_started') this.things.wait.add(record.on);
            if (event === 'job_put') this.things.deed.add('put');
            if (event === 'signalled') {
                this.things.deed.add(record.of);
                if (THINGS[record.of]?.all) this.signals.push(record);
            }
            if (lane.inner.length) this.again = true;
        }

        // Ends what is still open: no more records will come.
        close() {
            if (this.over) return;
            this.over = true;
            for (const lane of this.lanes) lane?.end(this.end);
        }

        get model() { return this.run?.model ?? this.summary?.model ?? 'threads'; }
        // Whether workers take turns under an interpreter lock.
        get turns() { return this.things.hold.has('gil'); }
        // Whether they say what they wait for. If not, they wait whenever they have no job.
        get tells() { return this.things.wait.size > 0; }
        get workers() { return Math.max(this.run?.workers ?? 0, this.lanes.length); }
        get completed() { return this.lanes.reduce((sum, lane) => sum + (lane?.completed ?? 0), 0); }
        get lastDone() {
            return this.lanes.reduce((last, lane) => Math.max(last, lane?.lastDone ?? 0), 0);
        }

        // The time that the service has, if it uses all of it.
        get deadline() {
            const run = this.run;
            return run && !run.scene && !run.until_done ? run.time : null;
        }

        title() {
            const run = this.run;
            if (!run) return 'a run';
            const name = run.scene ? `${run.scene} with ${run.model}` : run.model;
            return `${name}: ${counted(this.workers, 'worker')}, ${counted(run.jobs, 'job')}`;
        }

        // The records as lines, as a terminal shows them.
        line(record) {
            return `${record.at.toFixed(6).padStart(11)}  ${(record.worker ?? 'service').padEnd(11)} ${this.says(record)}`;
        }

        says(record) {
            const { event, job } = record;
            const thing = THINGS[record.on ?? record.of];
            switch (event) {
            case 'service_starting': return this.starting();
            case 'worker_started': return 'started';
            case 'job_started': return `starts job ${job.number}, size ${job.size.toFixed(3)}`;
            case 'job_completed': return `completed job ${job.number}`;
            case 'no_work': return 'found no work';
            case 'gil_acquired': return 'acquired the GIL';
            case 'gil_released': return 'released the GIL';
            case 'service_stopping': return 'stopping';
            case 'worker_finished': return 'finished';
            case 'worker_died': return job ? `died, and with it job ${job.number}` : 'died';
            case 'service_stopped': return 'stopped';
            case 'job_put': return `puts job ${job.number}`;
            case 'wait_started': return `waits ${thing.wait}`;
            case 'wait_ended': return `waited ${thing.wait}`;
            case 'acquired': return `holds ${thing.hold}`;
            case 'released': return `gives back ${thing.hold}`;
            case 'signalled': return thing.signal;
            default: return event;
            }
        }

        starting() {
            const { run } = this;
            if (!run) return 'starting';
            const sooner = run.until_done ? 'until all are done, at most ' : '';
            const time = run.scene ? '' : `, ${sooner}${run.time} s`;
            return `starting ${this.title()}${time}, seed ${run.seed}`;
        }

        // A bar in words; `bars` are more like it that are too thin to be told apart.
        about(lane, bars, now) {
            const [bar] = bars;
            const last = bars[bars.length - 1];
            const length = Math.max(this.end, now);
            const to = Math.min(last.to, now);
            const open = last.to > now && !this.over ? ' so far' : '';
            const when = `${rounded(bar.from, length)} to ${rounded(to, length)}${open}`;
            const busy = bars.reduce((sum, it) => sum + Math.min(it.to, now) - it.from, 0);
            const share = percent(busy, to - bar.from);
            const many = bars.length > 1;
            if (bar.kind === 'job') {
                if (many) return `${lane.name}: ${counted(bars.length, 'job')}, ${when}, busy ${share} of the time`;
                const outcome = bar.completed || open ? '' : lane.died ? ', lost' : ', not completed';
                return `${lane.name}: job ${bar.job.number}, size ${bar.job.size.toFixed(3)}, ${when}${outcome}`;
            }
            const thing = THINGS[bar.thing];
            if (bar.kind === 'hold') {
                if (many) return `${lane.name}: ${counted(bars.length, 'hold')} of ${thing.hold}, ${when}, ${share} of the time`;
                return `${lane.name}: ${open ? 'holds' : 'held'} ${thing.hold} for ${brief(busy)}, ${when}`;
            }
            if (many) return `${lane.name}: ${counted(bars.length, 'wait')} ${thing.wait}, ${when}, ${share} of the time`;
            return `${lane.name}: ${open ? 'waits' : 'waited'} ${thing.wait}: ${brief(busy)}, ${when}`;
        }

        // How often something was held, and how long: half of the times were longer.
        holds(thing, lanes = this.lanes) {
            const bars = lanes.flatMap(lane => lane ? [lane.holds, lane.inner] : []).flat().filter(bar => bar.thing === thing);
            const lengths = Float64Array.from(bars, bar => bar.to - bar.from).sort();
            return { count: lengths.length, median: lengths[lengths.length >> 1] };
        }

        // The whole run, for those who cannot see it.
        description() {
            const left = this.summary ? `, ${this.summary.left} left, ${this.summary.lost} lost` : '';
            let text = `${this.title()}. ${rounded(this.end, this.end)}: ${this.completed} completed${left}.`;
            for (const lane of this.lanes.slice(0, TOLD)) {
                if (!lane) continue;
                const held = !this.over ? '' : [...this.things.hold].map(thing => {
                    const { count, median } = this.holds(thing, [lane]);
                    return count ? `, held ${THINGS[thing].hold} ${counted(count, 'time')}, ${brief(median)} at the median` : '';
                }).join('');
                text += ` ${lane.name} completed ${counted(lane.completed, 'job')}${held}${lane.died ? ', and died' : ''}.`;
            }
            if (this.lanes.length > TOLD) text += ` And ${counted(this.lanes.length - TOLD, 'more worker')}.`;
            return text;
        }
    }

    // Reads the lines of a trace; what is no record is left out.
    function read(text) {
        return text.split('\n').filter(line => line.trim()).map(line => JSON.parse(line));
    }

    return { Story, THINGS, read, counted, percent, rounded, brief, bytes };
})();

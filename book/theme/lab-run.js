// Turns the records of a run into what a lab shows: a lane of bars for each worker, the lines of the log, and descriptions.
//
// A trace is built record by record, so a live run, a finished run and a replay are shown by the same code. Times are in
// seconds since the service began to start. The wording matches `chapters/src/view`.
'use strict';

const LabRun = (() => {
    const RESOURCES = {
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
    // Events in the life of a worker, other than its jobs and resources: the mark on its lane, and the words of the
    // legend.
    const EVENTS = {
        job_put: { mark: 'put', legend: 'puts a job' },
        job_redelivered: { mark: 'put', legend: 'takes a job again' },
        network_cut: { mark: 'notify', legend: 'cut off, or back' },
        network_restored: { mark: 'notify', legend: 'cut off, or back' },
    };
    // The number of workers that a description names.
    const DESCRIBED = 8;

    const plural = (number, noun) => `${number} ${noun}${number === 1 ? '' : 's'}`;
    const percent = (part, whole) => whole > 0 ? `${(100 * part / whole).toFixed(0)} %` : '0 %';

    // Formats a time in the largest unit in which `length` is at least 1.
    function formatTime(time, length) {
        if (length >= 1) return `${time.toFixed(3)} s`;
        if (length >= 0.001) return `${(1e3 * time).toFixed(3)} ms`;
        return `${(1e6 * time).toFixed(0)} µs`;
    }

    // Formats a short time with three digits.
    function formatShort(time) {
        const [number, unit] = time >= 1 ? [time, 's'] : time >= 0.001 ? [1e3 * time, 'ms'] : [1e6 * time, 'µs'];
        return `${number.toFixed(number >= 100 ? 0 : number >= 10 ? 1 : 2)} ${unit}`;
    }

    const formatBytes = number => number >= 2 ** 20 ? `${(number / 2 ** 20).toFixed(1)} MiB` : `${(number / 1024).toFixed(1)} KiB`;

    // The jobs, holds and waits of one worker. Bars of one kind are in order and don't overlap.
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
            this.events = [];
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
            case 'job_failed': this.endJob(at); break;
            case 'gil_acquired': this.hold('gil', at); break;
            case 'acquired': this.hold(record.of, at); break;
            case 'gil_released':
            case 'released':
                if (this.held.length) this.held.pop().to = at;
                break;
            case 'wait_started':
                this.wait = { kind: 'wait', from: at, to: Infinity, resource: record.on };
                this.waits.push(this.wait);
                break;
            case 'wait_ended': this.endWait(at); break;
            case 'result_ignored': this.endJob(at); break;
            case 'job_put':
            case 'job_redelivered':
            case 'network_cut':
            case 'network_restored':
            case 'signalled': this.events.push(record); break;
            case 'worker_finished': this.ended = at; break;
            case 'worker_died':
                this.end(at);
                this.ended = at;
                this.died = true;
                break;
            }
        }

        hold(resource, at) {
            const bar = { kind: 'hold', from: at, to: Infinity, resource };
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

        // Closes every open bar.
        end(at) {
            this.endJob(at);
            this.endWait(at);
            for (const bar of this.held) bar.to = at;
            this.held = [];
        }
    }

    class Trace {
        constructor() {
            this.records = [];
            this.lanes = [];
            this.run = null;
            this.end = 0;
            this.stopping = null;
            this.summary = null;
            this.signals = [];
            this.brokers = [];
            this.over = false;
            this.resources = { hold: new Set(), wait: new Set(), event: new Set() };
            this.reentered = false;
        }

        add(record) {
            this.records.push(record);
            this.end = Math.max(this.end, record.at);
            if (record.run) this.run = record.run;
            if (record.event === 'service_stopping') this.stopping = record.at;
            if (record.event === 'service_stopped') this.summary = record.summary;
            if (record.broker) this.brokers.push({ at: record.at, label: this.says(record) });
            if (record.worker) {
                const number = Number(record.worker.slice(7)) - 1;
                const lane = this.lanes[number] ??= new Lane(number);
                lane.add(record);
                this.notice(record, lane);
            }
            if (this.summary) this.close();
        }

        // Collects the resources and events for the legend.
        notice(record, lane) {
            const { event } = record;
            if (event === 'gil_acquired') this.resources.hold.add('gil');
            if (event === 'acquired') this.resources.hold.add(record.of);
            if (event === 'wait_started') this.resources.wait.add(record.on);
            if (event in EVENTS) this.resources.event.add(event);
            if (event === 'signalled') {
                this.resources.event.add(record.of);
                if (RESOURCES[record.of]?.all) this.signals.push(record);
            }
            if (lane.inner.length) this.reentered = true;
        }

        // Closes the trace: no more records will come.
        close() {
            if (this.over) return;
            this.over = true;
            for (const lane of this.lanes) lane?.end(this.end);
        }

        get model() { return this.run?.model ?? this.summary?.model ?? 'threads'; }
        // Whether the workers run under a global interpreter lock.
        get usesGil() { return this.resources.hold.has('gil'); }
        // Whether the records name what a worker waits for. If not, a worker without a job counts as waiting.
        get reportsWaits() { return this.resources.wait.size > 0; }
        get workers() { return Math.max(this.run?.workers ?? 0, this.lanes.length); }
        get completed() { return this.lanes.reduce((sum, lane) => sum + (lane?.completed ?? 0), 0); }
        get lastDone() {
            return this.lanes.reduce((last, lane) => Math.max(last, lane?.lastDone ?? 0), 0);
        }

        // The deadline of the service, unless the run ends before it.
        get deadline() {
            const run = this.run;
            return run && !run.scene && !run.until_done ? run.time : null;
        }

        title() {
            const run = this.run;
            if (!run) return 'a run';
            const model = run.interpreter ? `${run.model} in ${run.interpreter}` : run.model;
            const name = run.scene ? `${run.scene} with ${model}` : model;
            return `${name}: ${plural(this.workers, 'worker')}, ${plural(run.jobs, 'job')}`;
        }

        // A record as a line of the log, in the format of the terminal.
        line(record) {
            return `${record.at.toFixed(6).padStart(11)}  ${(record.worker ?? 'service').padEnd(11)} ${this.says(record)}`;
        }

        says(record) {
            const { event, job } = record;
            const resource = RESOURCES[record.on ?? record.of];
            switch (event) {
            case 'service_starting': return this.starting();
            case 'worker_started': return 'started';
            case 'job_started': return `starts job ${job.number}, size ${job.size.toFixed(3)}`;
            case 'job_completed': return `completed job ${job.number}`;
            case 'job_failed': return `failed job ${job.number}: ${record.error}`;
            case 'no_work': return 'found no work';
            case 'gil_acquired': return 'acquired the GIL';
            case 'gil_released': return 'released the GIL';
            case 'service_stopping': return 'stopping';
            case 'worker_finished': return 'finished';
            case 'worker_died': return job ? `died while running job ${job.number}` : 'died';
            case 'service_stopped': return 'stopped';
            case 'job_put': return `puts job ${job.number}`;
            case 'wait_started': return `waits ${resource.wait}`;
            case 'wait_ended': return `waited ${resource.wait}`;
            case 'acquired': return `holds ${resource.hold}`;
            case 'released': return `releases ${resource.hold}`;
            case 'signalled': return resource.signal;
            case 'job_redelivered': return `takes job ${job.number}, which was delivered before`;
            case 'result_ignored': return `also completed job ${job.number}, which doesn't count`;
            case 'job_lost': return `gives up job ${job.number}, which is lost`;
            case 'network_cut': return 'is cut off from the brokers';
            case 'network_restored': return 'is connected again';
            case 'broker_died': return `${record.broker} died`;
            case 'broker_restarted': return `${record.broker} is running again`;
            case 'leader_elected': return `${record.broker} leads`;
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

        // Describes a bar, or several adjacent bars that are too thin to distinguish.
        about(lane, bars, now) {
            const [bar] = bars;
            const last = bars[bars.length - 1];
            const length = Math.max(this.end, now);
            const to = Math.min(last.to, now);
            const open = last.to > now && !this.over ? ' so far' : '';
            const when = `${formatTime(bar.from, length)} to ${formatTime(to, length)}${open}`;
            const busy = bars.reduce((sum, it) => sum + Math.min(it.to, now) - it.from, 0);
            const share = percent(busy, to - bar.from);
            const many = bars.length > 1;
            if (bar.kind === 'job') {
                if (many) return `${lane.name}: ${plural(bars.length, 'job')}, ${when}, busy ${share} of the time`;
                const outcome = bar.completed || open ? '' : lane.died ? ', lost' : ', not completed';
                return `${lane.name}: job ${bar.job.number}, size ${bar.job.size.toFixed(3)}, ${when}${outcome}`;
            }
            const resource = RESOURCES[bar.resource];
            if (bar.kind === 'hold') {
                if (many) return `${lane.name}: ${plural(bars.length, 'hold')} of ${resource.hold}, ${when}, ${share} of the time`;
                return `${lane.name}: ${open ? 'holds' : 'held'} ${resource.hold} for ${formatShort(busy)}, ${when}`;
            }
            if (many) return `${lane.name}: ${plural(bars.length, 'wait')} ${resource.wait}, ${when}, ${share} of the time`;
            return `${lane.name}: ${open ? 'waits' : 'waited'} ${resource.wait}: ${formatShort(busy)}, ${when}`;
        }

        // How often a resource was held, and the median time.
        holds(resource, lanes = this.lanes) {
            const bars = lanes.flatMap(lane => lane ? [lane.holds, lane.inner] : []).flat().filter(bar => bar.resource === resource);
            const lengths = Float64Array.from(bars, bar => bar.to - bar.from).sort();
            return { count: lengths.length, median: lengths[lengths.length >> 1] };
        }

        // Describes the whole run, for screen readers.
        description() {
            const left = this.summary ? `, ${this.summary.left} left, ${this.summary.lost} lost` : '';
            let text = `${this.title()}. ${formatTime(this.end, this.end)}: ${this.completed} completed${left}.`;
            for (const { at, label } of this.brokers) text += ` At ${formatTime(at, this.end)}, ${label}.`;
            for (const lane of this.lanes.slice(0, DESCRIBED)) {
                if (!lane) continue;
                const held = !this.over ? '' : [...this.resources.hold].map(resource => {
                    const { count, median } = this.holds(resource, [lane]);
                    return count ? `, held ${RESOURCES[resource].hold} ${plural(count, 'time')}, ${formatShort(median)} at the median` : '';
                }).join('');
                text += ` ${lane.name} completed ${plural(lane.completed, 'job')}${held}${lane.died ? ', and died' : ''}.`;
            }
            if (this.lanes.length > DESCRIBED) text += ` And ${plural(this.lanes.length - DESCRIBED, 'more worker')}.`;
            return text;
        }
    }

    // Parses the lines of a recorded trace.
    function read(text) {
        return text.split('\n').filter(line => line.trim()).map(line => JSON.parse(line));
    }

    return { Trace, RESOURCES, EVENTS, read, plural, percent, formatTime, formatShort, formatBytes };
})();

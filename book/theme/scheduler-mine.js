// "Your program": compiles and explores chapters/programs/mine.rs in the reading room, and lets the reader play it.
//
// The lab asks the room for a run of `chapter-scheduler mine --live` and for the whole recording of the program, and
// ends the run. From then on it's a scheduler lab like the recorded ones. On a page that the room doesn't serve, the
// element keeps its text, which says how to play in a terminal.
'use strict';

(() => {
    const { make } = LabForm;

    const REASONS = {
        stopped: 'You have stopped it.',
        too_long: 'The program ran for too long, so the room stopped it.',
        too_many_records: 'The recording of the program is too large for a page. Give it fewer threads or fewer steps.',
    };

    class Mine {
        constructor(element) {
            this.element = element;
            this.name = element.dataset.program;
            this.button = make('button', { type: 'button' }, 'Compile and play');
            this.button.addEventListener('click', () => this.running ? this.stop() : this.start());
            this.weak = make('input', { type: 'checkbox' });
            this.spurious = make('input', { type: 'checkbox' });
            this.status = make('p', { class: 'scheduler-said', role: 'status' });
            this.errors = make('pre', { class: 'scheduler-errors', tabindex: '0', 'aria-label': 'Messages of the compiler', hidden: true });
            this.lab = make('div', { class: 'scheduler scheduler-own' });
            const option = (box, text) => make('label', { class: 'scheduler-auto' }, box, ` ${text}`);
            element.replaceChildren(
                make('div', { class: 'scheduler-live' },
                    make('div', { class: 'scheduler-tools', role: 'group', 'aria-label': 'Your program' }, this.button,
                        option(this.weak, 'Weak memory'), option(this.spurious, 'Spurious wakeups')),
                    this.status, this.errors),
                this.lab);
        }

        say(text) {
            this.status.textContent = text;
        }

        stop() {
            this.stopped = true;
            this.running.abort();
        }

        // Shows the messages of the compiler or of the program.
        fail(title, text) {
            this.say(title);
            this.errors.textContent = text;
            this.errors.hidden = !text;
        }

        play(recording) {
            const { Lab, read } = SchedulerLab;
            this.fail('', '');
            this.say('Your program is below. After you have changed the file, compile it again.');
            new Lab(this.lab, read(recording));
        }

        async start() {
            this.running = new AbortController();
            this.stopped = false;
            this.button.textContent = 'Stop';
            this.lab.replaceChildren();
            this.fail('Compiling your program and trying every schedule …', '');
            const options = { name: this.name };
            if (this.weak.checked) options['weak-memory'] = true;
            if (this.spurious.checked) options['spurious-wakeups'] = 1;
            let run, answer, ended;
            const take = line => {
                if (line.room === 'started') run = line.run;
                else if (line.room === 'ended') ended = line;
                else if (line.recording || line.error) {
                    answer = line;
                    this.running.abort();
                } else {
                    // The program compiles, and stands before its first step.
                    LabRoom.input(run, { recording: true }).catch(() => {});
                }
            };
            let problem = '';
            await LabRoom.run('scheduler', options, take, this.running.signal).catch(error => {
                problem = error.message;
            });
            this.running = null;
            this.button.textContent = 'Compile and play';
            if (answer?.recording) this.play(answer.recording);
            else if (answer) this.fail('Your program compiles, but not all of its schedules can be tried:',
                `${answer.error}\n\nIn a terminal, you can play it without that: cargo run --bin chapter-scheduler -- ${this.name}`);
            else if (this.stopped) this.fail(REASONS.stopped, '');
            else if (ended?.error) this.fail(ended.status === 101 ? 'Your program doesn’t compile:' : 'Your program can’t be run:', ended.error);
            else if (ended) this.fail(REASONS[ended.why] ?? 'The program ended before it could be explored.', '');
            else this.fail(problem, '');
        }
    }

    if (LabRoom.there) {
        for (const element of document.querySelectorAll('.scheduler-mine')) new Mine(element);
    }
})();

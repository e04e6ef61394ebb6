// latency.ts - staying close to what is live: what lies in the buffer is delay, and grows with each
// pause of the network.  A little of it is made up by playing faster, a lot by a jump.

const TARGET_S = 0.7;
const LATE_S = 1.3;
const LOST_S = 8;
const FASTER = 1.08;
const CHECK_MS = 500;

// Seconds between what is shown and what has come; 0 if nothing has.
export function behind(video: HTMLVideoElement): number {
    const { buffered } = video;
    return buffered.length > 0 ? Math.max(0, buffered.end(buffered.length - 1) - video.currentTime) : 0;
}

export function toNewest(video: HTMLVideoElement): void {
    if (behind(video) > TARGET_S)
        video.currentTime = video.buffered.end(video.buffered.length - 1) - TARGET_S;
}

export class LatencyChase {
    #video: HTMLVideoElement;
    #timer = 0;

    constructor(video: HTMLVideoElement) {
        this.#video = video;
    }

    get on(): boolean {
        return this.#timer !== 0;
    }

    set(on: boolean): void {
        clearInterval(this.#timer);
        this.#timer = on ? window.setInterval(() => this.#check(), CHECK_MS) : 0;
        if (!on)
            this.#video.playbackRate = 1;
    }

    #check(): void {
        const video = this.#video, late = behind(video);
        if (video.paused || video.readyState < 2)
            return;
        if (late > LOST_S)
            toNewest(video);
        else if (late > LATE_S)
            video.playbackRate = FASTER;
        else if (late <= TARGET_S)
            video.playbackRate = 1;
    }
}

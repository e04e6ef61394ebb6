// thumbnail.ts - a picture of a stream, drawn here from its newest keyframe: a short session of a
// player that nobody sees.  One at a time.

import { createLive, destroy, loadMpegts, type Engine } from './mpegts.ts';

const WAIT_MS = 6000;

let last: Promise<unknown> = Promise.resolve();

function firstFrame(video: HTMLVideoElement, engine: Engine, failure: string): Promise<void> {
    return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('no picture in time')), WAIT_MS);
        const settle = (done: () => void) => () => {
            clearTimeout(timer);
            done();
        };
        video.addEventListener('loadeddata', settle(resolve), { once: true });
        engine.on(failure, () => setTimeout(settle(() => reject(new Error('it does not play')))));
    });
}

async function draw(url: string, canvas: HTMLCanvasElement): Promise<void> {
    const library = await loadMpegts();
    const video = document.createElement('video');
    const engine = createLive(library, { url });
    video.muted = true;
    try {
        engine.attachMediaElement(video);
        engine.load();
        await firstFrame(video, engine, library.Events.ERROR);
        copyFrame(video, canvas);
    } finally {
        destroy(engine);
    }
}

// The frame that a video shows, as wide as the canvas.
export function copyFrame(video: HTMLVideoElement, canvas: HTMLCanvasElement): void {
    if (video.videoWidth === 0)
        return;
    canvas.width = 320;
    canvas.height = Math.round(320 * video.videoHeight / video.videoWidth);
    canvas.getContext('2d')?.drawImage(video, 0, 0, canvas.width, canvas.height);
}

export function drawThumbnail(url: string, canvas: HTMLCanvasElement): Promise<void> {
    const turn = last.then(() => draw(url, canvas));
    last = turn.catch(() => {});
    return turn;
}

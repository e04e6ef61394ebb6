// mpegts.ts - the library that takes FLV apart and feeds it to the browser, loaded when it is needed.

import type Mpegts from 'mpegts.js';

export type Library = typeof Mpegts;
export type Engine = Mpegts.Player;

let loading: Promise<Library> | null = null;

export function loadMpegts(): Promise<Library> {
    loading ??= import('mpegts.js').then(({ default: library }) => {
        library.LoggingControl.applyConfig({ enableAll: false });
        return library;
    });
    return loading;
}

export interface Source {
    url: string;
    hasVideo?: boolean | undefined;
    hasAudio?: boolean | undefined;
}

export function createLive(library: Library, source: Source): Engine {
    const { url, hasVideo, hasAudio } = source;
    return library.createPlayer(
        {
            type: 'flv', isLive: true, url,
            ...(hasVideo !== undefined && { hasVideo }), ...(hasAudio !== undefined && { hasAudio }),
        }, {
            enableStashBuffer: false,           // what has come is shown
            autoCleanupSourceBuffer: true,
            autoCleanupMaxBackwardDuration: 60,
            autoCleanupMinBackwardDuration: 30,
            deferLoadAfterSourceOpen: false,    // in a background tab the source may open late
        });
}

// A player that has failed may fail again while it is taken apart.
export function destroy(engine: Engine | null): void {
    try {
        engine?.pause();
        engine?.unload();
        engine?.detachMediaElement();
    } catch {
        // It goes all the same.
    }
    try {
        engine?.destroy();
    } catch {
        // As above.
    }
}

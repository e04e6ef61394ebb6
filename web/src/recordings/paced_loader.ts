// paced_loader.ts - reads a recording no faster than it is watched: the server sends as fast as it is
// read, and what is not read yet lies on its disk and not in this page.

import type { Library } from '../player/mpegts.ts';

// `room` resolves when more may be read.
export function pacedLoader(library: Library, room: () => Promise<void>, onStatus: (status: number) => void) {
    const { BaseLoader, LoaderStatus } = library;
    const faults = library.LoaderErrors as unknown as Record<string, never>;     // texts, whatever their type says

    return class PacedLoader extends BaseLoader {
        #abort = new AbortController();

        constructor() {
            super('paced-loader');
        }

        override destroy(): void {
            if (this.isWorking())
                this.abort();
            super.destroy();
        }

        override open(source: { url: string }): void {
            this._status = LoaderStatus.kConnecting;
            this.#read(source.url).catch(error => {
                if (this.#abort.signal.aborted)
                    return;
                this._status = LoaderStatus.kError;
                this.onError?.(faults['EXCEPTION']!, { code: -1, msg: String(error) });
            });
        }

        override abort(): void {
            this.#abort.abort();
            this._status = LoaderStatus.kComplete;
        }

        async #read(url: string): Promise<void> {
            const { signal } = this.#abort;
            const response = await fetch(url, { signal, cache: 'no-store' });
            onStatus(response.status);
            if (!response.ok || response.body === null) {
                this._status = LoaderStatus.kError;
                this.onError?.(faults['HTTP_STATUS_CODE_INVALID']!, { code: response.status, msg: response.statusText });
                return;
            }
            this._status = LoaderStatus.kBuffering;
            const reader = response.body.getReader();
            let at = 0;
            for (;;) {
                await room();
                const { done, value } = await reader.read();
                if (signal.aborted)
                    return;
                if (done)
                    break;
                const bytes = value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength) as ArrayBuffer;
                this.onDataArrival?.(bytes, at, at + bytes.byteLength);
                at += bytes.byteLength;
            }
            this._status = LoaderStatus.kComplete;
            this.onComplete?.(0, at - 1);
        }
    };
}

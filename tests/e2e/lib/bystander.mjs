// bystander.mjs - an ordinary stream with its viewers, beside whom others misbehave.

import assert from 'node:assert/strict';
import { frames, numberOf } from './canned.mjs';
import { isFrame, isVideo } from './flv.mjs';
import { publish, sendTags } from './publisher.mjs';
import { openViewers } from './viewers.mjs';

const PATH = '/live/bystander';

export class Bystander {
    #count = 10;

    static async begin(t, server) {
        const bystander = new Bystander();
        bystander.server = server;
        bystander.viewers = openViewers(t, server, PATH);
        await server.viewersCame(PATH, bystander.viewers.length);
        bystander.publisher = await publish(t, server, PATH, frames({ count: 10 }));
        await bystander.unharmed();
        return bystander;
    }

    // The server lives, and all viewers have all frames up to one that is sent now.
    async unharmed() {
        assert.ok(this.server.isRunning(), this.server.stderr.slice(-3000));
        sendTags(this.publisher, frames({ count: 1, first: this.#count, start_ms: this.#count * 40 }));
        this.#count++;
        for (const viewer of this.viewers) {
            await viewer.frame(this.#count - 1);
            const numbers = viewer.tags.filter(tag => isFrame(tag) && isVideo(tag)).map(numberOf);
            assert.deepEqual(numbers, Array.from({ length: this.#count }, (_, i) => i), viewer.name);
        }
    }
}

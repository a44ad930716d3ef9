// Runs sharp for scripts/bench codec: one request a line on standard input, one answer a line on standard output.
//
// {"jobs": [{"input", "output", "format", "options", "resize"}], "parallel": N} → {"cpu_ms", "wall_ms", "sizes"}
// The CPU time is that of all threads of this process between first and last job: no start-up in it.

'use strict';

const readline = require('node:readline');
const sharp = require('sharp');

// As sharp itself chooses where malloc is glibc's; and every encoding is a new one.
sharp.concurrency(1);
sharp.cache(false);

async function encode({ input, output, format, options, resize }) {
    let image = sharp(input, { limitInputPixels: false });
    if (resize) image = image.resize(resize);
    return (await image[format](options ?? {}).toFile(output)).size;
}

async function run({ jobs, parallel = 1 }) {
    const sizes = new Array(jobs.length);
    let next = 0;
    const work = async () => {
        for (let index = next++; index < jobs.length; index = next++) sizes[index] = await encode(jobs[index]);
    };
    const [cpu, wall] = [process.cpuUsage(), process.hrtime.bigint()];
    await Promise.all(Array.from({ length: parallel }, work));
    const used = process.cpuUsage(cpu);
    const wall_ms = Number(process.hrtime.bigint() - wall) / 1e6;
    return { cpu_ms: (used.user + used.system) / 1000, wall_ms, sizes };
}

async function main() {
    console.log(JSON.stringify({ sharp: sharp.versions.sharp, vips: sharp.versions.vips }));
    for await (const line of readline.createInterface({ input: process.stdin })) {
        let answer;
        try {
            answer = await run(JSON.parse(line));
        } catch (error) {
            answer = { error: String(error.message ?? error) };
        }
        console.log(JSON.stringify(answer));
    }
}

main();

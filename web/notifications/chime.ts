/** The sound that calls for a user who is not looking, made by the browser: no file is loaded. */

/** Two tones, in Hz. */
const TONES = [660, 880];
/** In seconds. */
const TONE_LENGTH = 0.12;
const VOLUME = 0.08;

let context: AudioContext | undefined;

/** Plays it, or nothing where browsers want a click first, or have no sound. */
export function playChime(): void {
  try {
    context ??= new AudioContext();
    if (context.state === "suspended") void context.resume().catch(() => {});
    TONES.forEach((tone, i) => play(context!, tone, context!.currentTime + i * TONE_LENGTH));
  } catch {
    // No sound device.
  }
}

function play(context: AudioContext, tone: number, start: number): void {
  const [oscillator, gain] = [context.createOscillator(), context.createGain()];
  oscillator.frequency.value = tone;
  // Without a fade the ends click.
  gain.gain.setValueAtTime(VOLUME, start);
  gain.gain.exponentialRampToValueAtTime(0.001, start + TONE_LENGTH);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(start);
  oscillator.stop(start + TONE_LENGTH);
}

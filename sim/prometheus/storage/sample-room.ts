/**
 * Room for the samples of many series in few large arrays. Typed arrays of their own would cost each series more
 * than its samples do, and the garbage collector the most.
 */

/** Times and values, at the same indexes; read through the offset of a series. */
export interface Slab {
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
}

/** A piece of a slab that belongs to one series. */
export interface Room {
  readonly slab: Slab;
  /** Index of its first sample. */
  readonly offset: number;
  readonly capacity: number;
}

export interface SampleRooms {
  /** @returns Room for at least so many samples; what it holds is left over from others. */
  take(samples: number): Room;
  /** Gives room back, for others. */
  free(room: Room): void;
}

const CAPACITY_FIRST = 16;
const SLAB_FIRST = 1 << 12;
const SLAB_MOST = 1 << 16;

/** @returns Rooms without any slab yet; small worlds get small ones. */
export function createSampleRooms(): SampleRooms {
  const freed = new Map<number, Room[]>();
  let slabSize = SLAB_FIRST / 2;
  let slab = newSlab(0);
  let used = 0;

  return {
    take(samples) {
      const capacity = capacityFor(samples);
      const again = freed.get(capacity)?.pop();
      if (again !== undefined) return again;
      if (used + capacity > slab.values.length) {
        slabSize = Math.min(2 * slabSize, SLAB_MOST);
        slab = newSlab(Math.max(slabSize, capacity));
        used = 0;
      }
      const room = { slab, offset: used, capacity };
      used += capacity;
      return room;
    },
    free(room) {
      const others = freed.get(room.capacity);
      if (others === undefined) freed.set(room.capacity, [room]);
      else others.push(room);
    },
  };
}

// Few different sizes, so that what one series leaves fits another.
function capacityFor(samples: number): number {
  let capacity = CAPACITY_FIRST;
  while (capacity < samples) capacity = 2 * Math.ceil(0.75 * capacity);
  return capacity;
}

function newSlab(size: number): Slab {
  const buffer = new ArrayBuffer(2 * size * Float64Array.BYTES_PER_ELEMENT);
  return {
    timestamps: new Float64Array(buffer, 0, size),
    values: new Float64Array(buffer, size * Float64Array.BYTES_PER_ELEMENT, size),
  };
}

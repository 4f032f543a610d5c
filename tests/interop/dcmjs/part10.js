'use strict';
// Received data sets as Part 10 files, with the bytes as they came (PS3.10 7.1).

function element(number, vr, value) {
  const padded = value.length % 2 ? Buffer.concat([value, Buffer.alloc(1)]) : value;
  const head = Buffer.alloc(vr === 'OB' ? 12 : 8);
  head.writeUInt16LE(0x0002, 0);
  head.writeUInt16LE(number, 2);
  head.write(vr, 4, 'ascii');
  if (vr === 'OB') {
    head.writeUInt32LE(padded.length, 8);
  } else {
    head.writeUInt16LE(padded.length, 6);
  }
  return Buffer.concat([head, padded]);
}

// The whole file: `dataSet` is a Buffer, the three UIDs are strings.
function part10(sopClass, sopInstance, transferSyntax, dataSet) {
  const meta = Buffer.concat([
    element(0x0001, 'OB', Buffer.from([0, 1])),
    element(0x0002, 'UI', Buffer.from(sopClass)),
    element(0x0003, 'UI', Buffer.from(sopInstance)),
    element(0x0010, 'UI', Buffer.from(transferSyntax)),
    element(0x0012, 'UI', Buffer.from('1.2.826.0.1.3680043.9.9999.3')),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(meta.length);
  return Buffer.concat([
    Buffer.alloc(128), Buffer.from('DICM'), element(0x0000, 'UL', length), meta, dataSet]);
}

module.exports = { part10 };

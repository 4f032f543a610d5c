'use strict';
// The N-services of the server: performed procedure steps, storage commitment and print
// (PS3.4 F.7, J.3, H.4). Nothing is random, so that two servers answer alike.

const dimse = require('dcmjs-dimse');
const { Client, Dataset } = dimse;
const { NEventReportRequest } = dimse.requests;
const responses = dimse.responses;
const COMMITMENT = dimse.constants.SopClass.StorageCommitmentPushModel;
const FILM_BOX = dimse.constants.SopClass.BasicFilmBox;
const IMAGE_BOX = '1.2.840.10008.5.1.1.4';
const NO_SUCH_OBJECT = 0x0112;
const ROOT = '1.2.826.0.1.3680043.9.9999.4';
// Transaction UIDs that end so are reported on an association of the server's own.
const LATER = '.2';

function answer(kind, request, dataset, status = 0) {
  const result = kind.fromRequest(request);
  result.setStatus(status);
  if (dataset) {
    result.setDataset(new Dataset(dataset));
  }
  return result;
}

function objects(config) {
  return {
    mine() {
      this.kept = this.kept || new Map();
      return this.kept;
    },

    nCreateRequest(request, callback) {
      const attributes = request.getDataset() ? { ...request.getDataset().getElements() } : {};
      const uid = request.getAffectedSopInstanceUid() || `${ROOT}.${this.mine().size + 1}`;
      if (request.getAffectedSopClassUid() === FILM_BOX) {
        attributes.ReferencedImageBoxSequence = [
          { ReferencedSOPClassUID: IMAGE_BOX, ReferencedSOPInstanceUID: `${uid}.1` }];
        this.mine().set(`${uid}.1`, {});
      }
      this.mine().set(uid, attributes);
      const result = answer(responses.NCreateResponse, request, attributes);
      result.setAffectedSopInstanceUid(uid);
      callback(result);
    },

    nSetRequest(request, callback) {
      const known = this.mine().get(request.getRequestedSopInstanceUid());
      if (!known) {
        callback(answer(responses.NSetResponse, request, undefined, NO_SUCH_OBJECT));
        return;
      }
      Object.assign(known, request.getDataset().getElements());
      callback(answer(responses.NSetResponse, request, request.getDataset().getElements()));
    },

    nGetRequest(request, callback) {
      const known = this.mine().get(request.getRequestedSopInstanceUid());
      callback(answer(responses.NGetResponse, request, known || { PrinterStatus: 'NORMAL' }));
    },

    nDeleteRequest(request, callback) {
      const known = this.mine().delete(request.getRequestedSopInstanceUid());
      callback(answer(responses.NDeleteResponse, request, undefined, known ? 0 : NO_SUCH_OBJECT));
    },

    nActionRequest(request, callback) {
      callback(answer(responses.NActionResponse, request));
      if (request.getRequestedSopClassUid() !== COMMITMENT) {
        return;
      }
      const asked = request.getDataset().getElements();
      const report = new NEventReportRequest(COMMITMENT, request.getRequestedSopInstanceUid(), 1);
      report.setDataset(new Dataset({
        TransactionUID: asked.TransactionUID,
        ReferencedSOPSequence: asked.ReferencedSOPSequence,
      }));
      if (!asked.TransactionUID.endsWith(LATER)) {
        this.sendRequests(report);
        return;
      }
      const title = this.association.getCallingAeTitle().trim();
      const client = new Client();
      client.addRequest(report);
      client.on('networkError', (fault) => console.log('report:', fault.message));
      client.send('127.0.0.1', config.peers[title], config.aet, title);
    },

    nEventReportRequest(request, callback) {
      callback(answer(responses.NEventReportResponse, request));
    },
  };
}

module.exports = { objects };

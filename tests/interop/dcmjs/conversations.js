'use strict';
// What the client says with N-services: one conversation for each verb.

const dimse = require('dcmjs-dimse');
const { Dataset, Scp, Server } = dimse;
const { PresentationContextResult, SopClass } = dimse.constants;
const { NActionRequest, NCreateRequest, NDeleteRequest, NGetRequest, NSetRequest } = dimse.requests;
const { NEventReportResponse } = dimse.responses;
const COMMITMENT_INSTANCE = '1.2.840.10008.1.20.1.1';
const PRINT = SopClass.BasicGrayscalePrintManagementMeta;
const PRINTER = '1.2.840.10008.5.1.1.16';
const PRINTER_INSTANCE = '1.2.840.10008.5.1.1.17';
const FILM_SESSION = '1.2.840.10008.5.1.1.1';
const FILM_BOX = '1.2.840.10008.5.1.1.2';
const IMAGE_BOX = '1.2.840.10008.5.1.1.4';

function withDataset(request, elements) {
  request.setDataset(new Dataset(elements));
  return request;
}

function commitment(step) {
  return withDataset(
    new NActionRequest(SopClass.StorageCommitmentPushModel, COMMITMENT_INSTANCE, 1), {
      TransactionUID: step.transaction,
      ReferencedSOPSequence: step.instances.map(([sopClass, uid]) => (
        { ReferencedSOPClassUID: sopClass, ReferencedSOPInstanceUID: uid })),
    });
}

function acknowledged(request, told, say) {
  say('asked:', told(request));
  const response = NEventReportResponse.fromRequest(request);
  response.setStatus(0);
  return response;
}

function conversations(config, converse, told, say) {
  // Listens until one N-EVENT-REPORT was answered and its association released, or stop() is
  // called. What it hears goes into `lines`: it may come before the end of what it answers.
  function listener() {
    const lines = [];
    const note = (...words) => lines.push(words.join(' '));
    let heard = false;
    let finish;
    const done = new Promise((resolve) => {
      finish = () => resolve(heard);
    });
    class Listener extends Scp {
      associationRequested(association) {
        this.association = association;
        note('called by', association.getCallingAeTitle().trim(), 'as',
          association.getCalledAeTitle().trim());
        for (const { id } of association.getPresentationContexts()) {
          const context = association.getPresentationContext(id);
          note('proposed', id, context.getAbstractSyntaxUid(),
            context.getTransferSyntaxUids().join(' '), context.getUserRole(),
            context.getProviderRole());
          context.setResult(PresentationContextResult.Accept, context.getTransferSyntaxUids()[0]);
        }
        this.sendAssociationAccept();
      }

      associationReleaseRequested() {
        this.sendAssociationReleaseResponse();
        finish();
      }

      nEventReportRequest(request, callback) {
        heard = true;
        callback(acknowledged(request, told, note));
      }

      abort() {
        note('aborted');
        finish();
      }
    }
    const server = new Server(Listener);
    server.on('networkError', (fault) => note('listener:', fault.message));
    server.listen(config.listen);
    return { lines, done, stop: () => server.close() };
  }

  return {
    async mpps(step) {
      const kind = SopClass.ModalityPerformedProcedureStep;
      const created = withDataset(new NCreateRequest(kind, step.uid), {
        Modality: 'CT', PerformedProcedureStepStatus: 'IN PROGRESS',
        PerformedStationAETitle: config.calling, PatientID: step.patient });
      const unknown = withDataset(new NSetRequest(kind, `${step.uid}.9`), {
        PerformedProcedureStepStatus: 'DISCONTINUED' });
      const completed = withDataset(new NSetRequest(kind, step.uid), {
        PerformedProcedureStepStatus: 'COMPLETED' });
      await converse([created, unknown, completed]);
      return converse([withDataset(new NCreateRequest(kind, step.uid), {
        Modality: 'CT', PerformedProcedureStepStatus: 'IN PROGRESS' })]);
    },

    commitment(step) {
      let heard = false;
      return converse([commitment(step)], {
        nEventReportRequest: (request, callback) => {
          heard = true;
          callback(acknowledged(request, told, say));
        },
      }, { linger: 300 }).then((answered) => answered && heard);
    },

    async commitmentLater(step) {
      const report = listener();
      const answered = await converse([commitment(step)]);
      const heard = answered && await report.done;
      report.stop();
      report.lines.forEach((line) => say(line));
      return heard;
    },

    print(step) {
      const session = `${step.uid}.1`;
      const film = `${step.uid}.2`;
      return converse([
        new NGetRequest(PRINTER, PRINTER_INSTANCE, ['PrinterStatus'], PRINT),
        withDataset(new NCreateRequest(FILM_SESSION, session, PRINT), { NumberOfCopies: 1 }),
        withDataset(new NCreateRequest(FILM_BOX, film, PRINT), {
          ImageDisplayFormat: 'STANDARD\\1,1',
          ReferencedFilmSessionSequence: [{
            ReferencedSOPClassUID: FILM_SESSION, ReferencedSOPInstanceUID: session }] }),
        withDataset(new NSetRequest(IMAGE_BOX, `${film}.1`, PRINT), { ImageBoxPosition: 1 }),
        new NActionRequest(FILM_BOX, film, 1, PRINT),
        new NDeleteRequest(FILM_BOX, film, PRINT),
        new NDeleteRequest(FILM_SESSION, session, PRINT),
      ]);
    },
  };
}

module.exports = { conversations };

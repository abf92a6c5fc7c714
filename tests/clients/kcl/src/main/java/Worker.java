import java.net.URI;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsAsyncClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.exceptions.InvalidStateException;
import software.amazon.kinesis.exceptions.ShutdownException;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.metrics.NullMetricsFactory;
import software.amazon.kinesis.processor.RecordProcessorCheckpointer;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.retrieval.KinesisClientRecord;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/**
 * A worker of the library, as its users write one: prints the partition key of each record, then saves its progress.
 *
 * <p>Arguments: stream, application, worker, URL of Kinesis, URL of DynamoDB, failover time in milliseconds.
 */
public final class Worker {
  private Worker() {}

  public static void main(String[] arguments) {
    String stream = arguments[0];
    KinesisAsyncClient kinesis = at(arguments[3], KinesisAsyncClient.builder());
    DynamoDbAsyncClient dynamodb = at(arguments[4], DynamoDbAsyncClient.builder());
    CloudWatchAsyncClient cloudwatch = at(arguments[4], CloudWatchAsyncClient.builder());
    ConfigsBuilder configs =
        new ConfigsBuilder(
            stream, arguments[1], kinesis, dynamodb, cloudwatch, arguments[2], Processor::new);
    PollingConfig polling = new PollingConfig(stream, kinesis).idleTimeBetweenReadsInMillis(250);
    Scheduler scheduler =
        new Scheduler(
            configs.checkpointConfig(),
            configs.coordinatorConfig().parentShardPollIntervalMillis(500),
            configs
                .leaseManagementConfig()
                .failoverTimeMillis(Long.parseLong(arguments[5]))
                .initialPositionInStream(
                    InitialPositionInStreamExtended.newInitialPosition(
                        InitialPositionInStream.TRIM_HORIZON)),
            configs.lifecycleConfig(),
            configs.metricsConfig().metricsFactory(new NullMetricsFactory()),
            configs.processorConfig(),
            configs.retrievalConfig().retrievalSpecificConfig(polling));
    scheduler.run();
  }

  private static <B extends AwsClientBuilder<B, C> & AwsAsyncClientBuilder<B, C>, C> C at(
      String endpoint, B builder) {
    return builder
        .endpointOverride(URI.create(endpoint))
        .region(Region.EU_CENTRAL_1)
        .credentialsProvider(
            StaticCredentialsProvider.create(AwsBasicCredentials.create("key", "secret")))
        .httpClientBuilder(NettyNioAsyncHttpClient.builder().protocol(Protocol.HTTP1_1))
        .build();
  }

  /** Prints and saves. */
  private static final class Processor implements ShardRecordProcessor {
    @Override
    public void initialize(InitializationInput input) {
      say("begins " + input.shardId() + " " + input.extendedSequenceNumber().sequenceNumber());
    }

    @Override
    public void processRecords(ProcessRecordsInput input) {
      for (KinesisClientRecord record : input.records()) {
        say("record " + record.partitionKey());
      }
      if (!input.records().isEmpty()) {
        save(input.checkpointer());
      }
    }

    @Override
    public void leaseLost(LeaseLostInput input) {
      say("lost");
    }

    @Override
    public void shardEnded(ShardEndedInput input) {
      save(input.checkpointer());
      say("ended");
    }

    @Override
    public void shutdownRequested(ShutdownRequestedInput input) {
      save(input.checkpointer());
    }

    private static void save(RecordProcessorCheckpointer checkpointer) {
      try {
        checkpointer.checkpoint();
      } catch (ShutdownException error) {
        say("somebody else has it");
      } catch (InvalidStateException error) {
        throw new IllegalStateException(error);
      }
    }

    /** A line is whole and out before anything is saved. */
    private static void say(String line) {
      synchronized (System.out) {
        System.out.println(line);
        System.out.flush();
      }
    }
  }
}

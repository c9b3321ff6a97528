#!/usr/bin/env ruby
# frozen_string_literal: true

# A Tandem worker with nothing but Ruby's standard library (3.0 or later).
#
#   TANDEM_URL=http://localhost:3000 TANDEM_API_KEY=tdm_… ruby worker.rb demo.sum
#
# The protocol is explained in docs/worker-protocol.md; replace DEMO_SUM with work of your own.
require 'json'
require 'net/http'
require 'openssl'
require 'securerandom'
require 'socket'

BASE = URI("#{ENV.fetch('TANDEM_URL').chomp('/')}/api/v1/tasks")
KEY = ENV.fetch('TANDEM_API_KEY')
LEASE_SECONDS = Integer(ENV.fetch('TANDEM_LEASE_SECONDS', '30'))
WAIT_SECONDS = 20
HEARTBEAT_TIMEOUT = [3, LEASE_SECONDS / 3.0].max
WORKER_ID = "ruby-#{Socket.gethostname}-#{Process.pid}"[0, 128]
# How long a stopping worker tries to tell the service: supervisors kill after 10 s, as a rule.
SECONDS_TO_STOP = 5

$stopping = false
%w[TERM INT].each { |name| trap(name) { $stopping = true } }
$stderr.sync = true

# The work is to end now: the process stops, the task is cancelled, or the lease is lost.
class Stopped < StandardError; end

# The attempt failed; +retryable+ is false when another one would fail the same way.
class JobFailed < StandardError
  attr_reader :code, :retryable

  def initialize(code, message, retryable: true)
    super(message)
    @code = code
    @retryable = retryable
  end
end

Answer = Struct.new(:status, :body, :retry_after, :repeated)

# Whatever says that nobody knows whether a call has arrived.
NETWORK_ERRORS = [SystemCallError, SocketError, IOError, Timeout::Error, OpenSSL::SSL::SSLError,
                  Net::ProtocolError, Net::HTTPBadResponse, JSON::ParserError].freeze

def clock = Process.clock_gettime(Process::CLOCK_MONOTONIC)

def post(path, body, timeout: 10)
  request = Net::HTTP::Post.new(BASE.path + path)
  request['Authorization'] = "Bearer #{KEY}"
  request['Content-Type'] = 'application/json'
  request.body = JSON.generate(body)
  # No retries by the library: whether a call may be repeated, and when, is decided here.
  options = { use_ssl: BASE.scheme == 'https', open_timeout: 10, read_timeout: timeout, max_retries: 0 }
  response = Net::HTTP.start(BASE.host, BASE.port, **options) { |http| http.request(request) }
  is_json = response['Content-Type'].to_s.include?('json')
  answer = is_json ? JSON.parse(response.body) : { 'code' => 'unknown', 'detail' => response.body.to_s[0, 200] }
  Answer.new(response.code.to_i, answer, response['Retry-After'].to_i, false)
end

# Repeats the same call until it is answered; every call to the service is safe to repeat as it is.
# nil when the process stops before that.
def post_patiently(path, body, timeout: 10)
  give_up = nil
  (1..).each do |tries|
    retry_after = 0
    begin
      answer = post(path, body, timeout: timeout)
      if answer.status != 429 && answer.status < 500
        answer.repeated = tries > 1
        return answer
      end
      retry_after = answer.retry_after
      warn "#{path} #{answer.status} #{answer.body['detail']}"
    rescue *NETWORK_ERRORS => e
      warn "#{path} #{e.message}"
    end
    if $stopping
      give_up ||= clock + SECONDS_TO_STOP
      return nil if clock > give_up
    end
    pause([retry_after, [30, 0.25 * (2**[tries, 10].min)].min * rand(0.5..1.0)].max)
  end
end

# Sleeps, but for half a second at most once the process is to stop.
def pause(seconds)
  woken = clock + seconds
  sleep(0.1) while clock < woken && !$stopping
  sleep(0.5) if $stopping
end

# Waits for a task; nil when there was none or the process stops.
def claim(types)
  claim_id = SecureRandom.uuid
  body = { types: types, workerId: WORKER_ID, max: 1, leaseSeconds: LEASE_SECONDS,
           waitSeconds: WAIT_SECONDS, claimId: claim_id }
  asking = Thread.new { post_patiently('/claim', body, timeout: WAIT_SECONDS + 10) }
  nil until asking.join(0.1) || $stopping
  if $stopping
    # The service still waits, and would lease a task to nobody.
    post_patiently('/claim/abandon', { claimId: claim_id }, timeout: 5)
    return nil
  end
  answer = asking.value
  unless answer.status == 200
    abort "cannot claim: #{answer.status} #{answer.body['code']}: #{answer.body['detail']}"
  end
  task = answer.body['tasks'].first
  task && [task, answer.repeated]
end

# Holds a task while a thread renews its lease.
class Lease
  attr_reader :stopped

  def initialize(task, renew_first)
    @task = task
    @ended = Queue.new
    Thread.new { renew(renew_first) }
  end

  # Kept for the next heartbeat. Raises Stopped when the work is to end; call it often.
  def report(percent, message)
    @progress = { percent: percent, message: message }
    check
  end

  def check
    @stopped ||= :stopping if $stopping
    raise Stopped if @stopped
  end

  # A heartbeat that is under way by then is refused, and nobody listens.
  def finish = @ended.close

  private

  def renew(renew_first)
    renewed = clock
    pause = renew_first ? 0 : LEASE_SECONDS / 3.0
    until @stopped || wait_for_end(pause)
      # A third of the lease leaves time to repeat a heartbeat that failed, and that is done soon.
      pause = LEASE_SECONDS / 3.0
      sent = clock
      status, cancel = beat
      if status == 200
        renewed = sent
        @stopped = :cancelled if cancel
      elsif (status && status != 429 && status < 500) || clock - renewed > LEASE_SECONDS
        @stopped = :lost
      else
        pause = [1, pause].min
      end
    end
  end

  # Queue#pop has no timeout before Ruby 3.2.
  def wait_for_end(seconds)
    woken = clock + seconds
    sleep(0.05) until @ended.closed? || clock > woken
    @ended.closed?
  end

  def beat
    body = { leaseToken: @task['leaseToken'], leaseSeconds: LEASE_SECONDS, progress: @progress }.compact
    answer = post("/#{@task['id']}/heartbeat", body, timeout: HEARTBEAT_TIMEOUT)
    [answer.status, answer.body['cancelRequested']]
  rescue *NETWORK_ERRORS => e
    warn "heartbeat #{e.message}"
  end
end

def work(task, repeated)
  warn "claimed #{task['id']} #{task['type']} attempt #{task['attempt']}"
  lease = Lease.new(task, repeated)
  action, body =
    begin
      ['complete', { result: HANDLERS.fetch(task['type']).call(task['input'], lease) }]
    rescue Stopped
      ['release', {}]
    rescue JobFailed => e
      ['fail', { error: { code: e.code, message: e.message }, retryable: e.retryable }]
    rescue StandardError => e # a bug: worth another attempt, perhaps after a new release
      ['fail', { error: { code: 'unexpected', message: e.full_message(highlight: false)[0, 2000] } }]
    end
  lease.finish
  return warn "lost #{task['id']}" if lease.stopped == :lost

  settle(task, action, body)
end

def settle(task, action, body)
  answer = post_patiently("/#{task['id']}/#{action}", { leaseToken: task['leaseToken'] }.merge(body))
  return warn "no answer to #{action} #{task['id']}" unless answer
  return warn "#{action} #{task['id']} #{answer.body['state']}" if answer.status == 200

  detail = answer.body['detail'].to_s
  abort "the key is no longer accepted: #{detail}" if [401, 403].include?(answer.status)
  warn "not accepted: #{action} #{task['id']} #{answer.status} #{detail}"
  return unless action == 'complete' && [413, 422].include?(answer.status)

  # It is the result that is refused; the lease is still ours.
  settle(task, 'fail', { error: { code: 'result_refused', message: detail }, retryable: false })
end

# The demo job, the same in all languages: see examples/workers/README.md.
DEMO_SUM = lambda do |given, lease|
  numbers = given['numbers'] if given.is_a?(Hash)
  unless numbers.is_a?(Array) && numbers.all?(Numeric)
    raise JobFailed.new('bad_input', 'input.numbers must be a list of numbers', retryable: false)
  end

  steps = (given.fetch('sleepSeconds', 0) * 10).to_i
  steps.times do |step|
    lease.report(100 * step / steps, "step #{step} of #{steps}")
    sleep 0.1
  end
  if given['failWith']
    raise JobFailed.new(given['failWith'], 'as the input asked for', retryable: !given['failPermanently'])
  end

  { sum: numbers.sum, language: 'ruby', echo: given['echo'] }
end

HANDLERS = { 'demo.sum' => DEMO_SUM }.freeze

types = ARGV.empty? ? HANDLERS.keys : ARGV
unknown = types - HANDLERS.keys
abort "no handler for #{unknown.join(', ')}" unless unknown.empty?
warn "#{WORKER_ID} works on #{types.join(' ')}"
until $stopping
  task, repeated = claim(types)
  work(task, repeated) if task
end
